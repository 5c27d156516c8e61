/** Options of worlds, hosts and NATs. */
import type { LogLevel } from '@ipop/runtime'
import type { LatencyModel } from '../network/latency.ts'
import type { LinkProperties } from '../network/link.ts'
import type { Nat, NatBehaviour } from '../network/nat.ts'

/** How a world is made. Equal options and equal programs give equal runs. */
export interface WorldOptions {
  /** Everything random follows from it. */
  readonly seed: number | string
  /** One-way delay of every path, or a model of delays. */
  readonly latencyMs?: number | LatencyModel
  /** Further delay of every packet, uniform between 0 and this. */
  readonly jitterMs?: number
  /** Chance that a datagram is lost. */
  readonly lossProbability?: number
  /** Chance that a datagram arrives twice. */
  readonly duplicateProbability?: number
  /** Chance that a datagram is overtaken by those sent up to 100 ms later. */
  readonly reorderProbability?: number
  /** Largest datagram that every path carries. */
  readonly datagramBytesMax?: number
  /** Chance that one host refuses another for good; the first host is spared. */
  readonly brokenProbability?: number
  /** Least important log level that is kept; `info` unless named. */
  readonly logLevel?: LogLevel
  /** Receives each kept log record as a line, e.g. `console.error`. */
  readonly print?: (line: string) => void
  /** Whether delivered buffers are overwritten after use, so that keeping borrowed bytes shows; true unless named. */
  readonly poisonsBuffers?: boolean
}

/** How a host is made. */
export interface HostOptions {
  /** Unique name; `host-N` unless named. */
  readonly name?: string
  /** IP addresses; `10.x.y.z` after its number unless named, and always to be named behind a NAT. */
  readonly addresses?: readonly string[]
  /** The NAT it stands behind. */
  readonly behind?: Nat
  /** Name of the local network: multicast reaches the hosts of the same one behind the same NAT; none unless named. */
  readonly segment?: string
  /** Its access link. */
  readonly link?: Partial<LinkProperties>
  /** How far its calendar is ahead of the world's. */
  readonly clockSkewMs?: number
}

/** How a NAT is made. */
export interface NatOptions {
  readonly name?: string
  /** Its external address; `10.x.y.z` after its number unless named. */
  readonly address?: string
  /** How it translates; `easyNat` unless named. */
  readonly behaviour?: Partial<NatBehaviour>
  /** The NAT it stands behind itself. */
  readonly behind?: Nat
}

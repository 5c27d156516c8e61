/** What an IpMapper shows of itself. */
import type { RouterCounters } from '../router/counters.ts'

/** A snapshot for display; times are seconds from now. */
export interface IpMapperStatus {
  readonly namespace: string
  /** The virtual network, e.g. `10.0.0.0/16`; undefined until its settings are known. */
  readonly network: string | undefined
  /** Virtual IP addresses that may be used now. */
  readonly virtualIps: readonly string[]
  /** Why no address can be held, when only the operator can change that. */
  readonly problem: string | undefined
  readonly lease: LeaseStatus | undefined
  readonly mappings: readonly MappingStatus[]
  readonly counters: Readonly<RouterCounters>
  /** Packets that wait for a lookup or a session. */
  readonly waitingPackets: number
  /** Rows in the data plane. */
  readonly rows: number
}

/** The state of a lease. */
export interface LeaseStatus {
  /** discovering, requesting, bound, renewing, rebinding or released. */
  readonly state: string
  readonly ip: string | undefined
  readonly expiresInSeconds: number | undefined
}

/** One known mapping. */
export interface MappingStatus {
  readonly ip: string
  /** Text form of the node address. */
  readonly address: string
  readonly expiresInSeconds: number
}

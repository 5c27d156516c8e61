/** Asks the active path of a channel how long datagrams it carries whole. */
import type { Instant, Random } from '@ipop/runtime'
import { DATA_OVERHEAD_BYTES } from '@ipop/security'
import { PROBE_TIMEOUT_INITIAL_MS } from '../limits.ts'
import type { Edge } from '../edge/edge.ts'
import { RelayEdge } from '../relay/relay-edge.ts'
import { RELAY_FRAME_OVERHEAD } from '../wire/relay-frame.ts'
import { type MtuProbe, PathMtu } from './path-mtu.ts'
import type { Path } from './path.ts'
import type { PathHost } from './path-host.ts'
import { sealProbe } from './probes.ts'

/** What the search needs of the paths. */
export interface MtuSearchModules {
  readonly random: Random
  /** Pings a path as usual. */
  ping(path: Path, now: Instant): void
}

/** Probes one path at a time, where its socket can forbid fragments. */
export class MtuSearch {
  readonly #modules: MtuSearchModules
  readonly #host: PathHost
  #path: Path | undefined
  /** What carries the frames of the path: the edge to its relay, or its own. */
  #carrierId: string | undefined

  constructor(modules: MtuSearchModules, host: PathHost) {
    this.#modules = modules
    this.#host = host
  }

  /** Turns to the path that carries frames from now on. */
  follow(path: Path, now: Instant): void {
    if (path === this.#path) return
    this.#path?.mtu?.stop()
    this.#path = path
    // A relayed path may have changed its carrier since it was active.
    if (path.edge instanceof RelayEdge) path.mtu = undefined
    this.#begin(path, now)
  }

  /** Takes note that a relayed edge may go over another edge to its relay: what was learnt of the first is void then. */
  carrierMoved(edge: RelayEdge, now: Instant): void {
    const path = this.#path
    if (path?.edge !== edge || carrierOf(edge)?.id === this.#carrierId) return
    path.mtu = undefined
    this.#begin(path, now)
  }

  /** Checks the size relied on: frames stay unanswered. */
  doubt(now: Instant): void {
    this.#path?.mtu?.doubt(now)
    this.#host.wake(this.pollTimeout())
  }

  /** Returns when `handleTimeout` wants to be called. */
  pollTimeout(): Instant {
    return this.#path?.mtu?.pollTimeout() ?? Number.POSITIVE_INFINITY
  }

  /** Sends what is due. */
  handleTimeout(now: Instant): void {
    const path = this.#path
    if (path?.mtu === undefined) return
    this.#tellChange(path.mtu, () => this.#probeWhatIsDue(path, now))
  }

  /** Takes a pong into account that came over `path`; returns whether it answers a probe of a size. */
  pong(id: number, path: Path, now: Instant): boolean {
    const { mtu } = path
    if (mtu === undefined) return false
    const isOurs = this.#tellChange(mtu, () => mtu.pong(id, now))
    if (isOurs) this.#host.wake(mtu.pollTimeout())
    return isOurs
  }

  /** The first link refuses long probes at once, so one call may settle several sizes. */
  #probeWhatIsDue(path: Path, now: Instant): void {
    if (!path.edge.isOpen) return path.mtu?.stop()
    for (;;) {
      const probe = path.mtu?.handleTimeout(now, path.lastHeardAt)
      if (probe === undefined || this.#send(path, probe, now)) return
    }
  }

  /** Returns whether that was all for now. */
  #send(path: Path, { id, datagramBytes }: MtuProbe, now: Instant): boolean {
    const frameBytesMin = datagramBytes - DATA_OVERHEAD_BYTES
    const options = { kind: 'ping', id, path, isActive: true, isSearching: false } as const
    const datagram = sealProbe(this.#host, { ...options, isTelling: true, frameBytesMin })
    if (datagram === undefined) {
      path.mtu?.postponed(now + PROBE_TIMEOUT_INITIAL_MS)
      return true
    }
    if (path.edge.sendWhole?.(datagram) !== true) {
      path.mtu?.refused(now)
      return false
    }
    path.mtu?.sent(now + path.rtt.timeoutMs(path.misses), now)
    // Its answer shows that the path works, so that a lost probe says something.
    this.#modules.ping(path, now)
    return true
  }

  #begin(path: Path, now: Instant): void {
    const { edge } = path
    const carrier = carrierOf(edge)
    this.#carrierId = carrier?.id
    if (edge.canSendWhole !== true || edge.isLocal) return
    const overheadBytes = edge instanceof RelayEdge ? RELAY_FRAME_OVERHEAD : 0
    const isIpv6 = carrier?.remote?.family === 6
    path.mtu ??= new PathMtu(this.#modules, { isIpv6, overheadBytes })
    path.mtu.start(now)
    this.#host.wake(now)
  }

  #tellChange<T>(mtu: PathMtu, act: () => T): T {
    const before = mtu.datagramBytesMax
    const result = act()
    if (mtu.datagramBytesMax !== before) this.#host.datagramBytesMaxChanged()
    return result
  }
}

function carrierOf(edge: Edge): Edge | undefined {
  return edge instanceof RelayEdge ? edge.carrier : edge
}

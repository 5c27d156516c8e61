/** The paths of one channel and the choice of the active one. */
import type { Instant } from '@ipop/runtime'
import type { Edge } from '../edge/edge.ts'
import { PATHS_GONE_MAX, PATHS_PER_CHANNEL_MAX } from '../limits.ts'
import { isDirect } from '../relay/relay-host.ts'
import { Path, rankOf } from './path.ts'

/** A path of the same kind must be this much quicker to be preferred: below it, measurements only wobble. */
const HYSTERESIS_SHARE = 0.2
/** ... and by at least this much. */
const HYSTERESIS_MS = 3
/** Samples a path of the same kind needs before its round trip counts. */
const SAMPLES_MIN = 2

/** A path heard this recently does not make room for another. */
const FRESH_MS = 5_000

const NONE: Path[] = []

/** All paths of a channel; at most one is active. */
export class PathSet {
  // Most channels have one path: a list takes a tenth of a map's memory.
  #paths: Path[] = []
  #gone: Path[] = NONE
  #active: Path | undefined

  /** The path that carries frames. */
  get active(): Path | undefined {
    return this.#active
  }

  /** Counts the paths. */
  get size(): number {
    return this.#paths.length
  }

  /** The edge of the active path where that is direct, works and is the only one: then there is nothing to search. */
  get onlyEdge(): Edge | undefined {
    const active = this.#active
    const isAlone = this.#paths.length === 1 && active?.edge.kind === 'udp' && active.isUsable
    return isAlone ? active.edge : undefined
  }

  /** Lists the paths. */
  values(): Iterable<Path> {
    return this.#paths
  }

  /** Returns the path over the edge with this id. */
  get(id: string): Path | undefined {
    for (const path of this.#paths) if (path.edge.id === id) return path
    return undefined
  }

  /** Returns the path over `edge`, made when new; undefined when there is no room. */
  add(edge: Edge, now: Instant): Path | undefined {
    const known = this.get(edge.id)
    if (known) {
      if (!known.edge.isOpen) known.edge = edge
      return known
    }
    if (this.#paths.length >= PATHS_PER_CHANNEL_MAX && !this.#makeRoom(now)) return undefined
    const path = new Path(edge)
    this.#paths.push(path)
    return path
  }

  /** Returns whether something authentic came over `edge`, which leads to the peer without a node in between. */
  hasProven(edge: Edge): boolean {
    const path = this.get(edge.id)
    return path !== undefined && path.state !== 'candidate' && isDirect(path.edge)
  }

  /** The paths that were given up lately, oldest first. */
  get gone(): readonly Path[] {
    return this.#gone
  }

  /** Returns when the next ping counts as missed. */
  pollTimeout(): Instant {
    let at = Number.POSITIVE_INFINITY
    for (const { missAt } of this.#paths) if (missAt !== undefined && missAt < at) at = missAt
    return at
  }

  /** Makes `path` the active one. */
  activate(path: Path, now: Instant): void {
    this.#active = path
    path.activeSince = now
  }

  /** Forgets paths whose edge has closed. */
  removeClosed(): void {
    const closed = this.#paths.filter((path) => !path.edge.isOpen)
    if (closed.length === 0) return
    this.#paths = this.#paths.filter((path) => path.edge.isOpen)
    this.#gone = [...this.#gone, ...closed].slice(-PATHS_GONE_MAX)
    if (this.#active && closed.includes(this.#active)) this.#active = undefined
  }

  /** Returns the path that should be active: the best kind that works, the quickest of its kind, with hysteresis. */
  choose(): Path | undefined {
    const active = this.#active?.edge.isOpen ? this.#active : undefined
    let best: Path | undefined
    for (const path of this.#paths) {
      if (path.isUsable && (!best || isBetter(path, best))) best = path
    }
    if (!best) return active ?? this.#lastHeard()
    if (!active?.isUsable || active === best) return best
    if (rankOf(best.edge.kind) !== rankOf(active.edge.kind)) return best
    return isClearlyQuicker(best, active) ? best : active
  }

  /** Returns the paths that work, the active one first. */
  inOrder(): Path[] {
    const active = this.#active
    const usable = this.#paths.filter((path) => path.isUsable || path === active)
    return usable.sort((a, b) => Number(b === active) - Number(a === active))
  }

  /** Withdraws all confirmations: frames go on as before until a path has proved itself again. */
  demoteAll(): void {
    for (const path of this.#paths) path.demote()
  }

  /** Lets the next ping of each path ask anew where this node is seen. */
  askAll(): void {
    for (const path of this.#paths) path.ask()
  }

  /** Sends bytes over all open edges; thriftily, not over the ring while the active path is another. */
  sendOnAll(datagram: Uint8Array, { isThrifty }: { isThrifty: boolean }): void {
    const sparesRing = isThrifty && this.#active !== undefined && this.#active.edge.kind !== 'ring'
    for (const { edge } of this.#paths)
      if (edge.isOpen && !(sparesRing && edge.kind === 'ring')) edge.send(datagram)
  }

  /** Forgets everything. */
  clear(): void {
    this.#paths = []
    this.#active = undefined
  }

  #lastHeard(): Path | undefined {
    let last: Path | undefined
    for (const path of this.#paths) {
      if (path.state === 'candidate' || !path.edge.isOpen) continue
      if (!last || path.lastHeardAt > last.lastHeardAt) last = path
    }
    return last
  }

  /** Drops the candidate or, without one, the path unheard for longest; never the active one. */
  #makeRoom(now: Instant): boolean {
    let worst: Path | undefined
    for (const path of this.#paths) {
      if (path === this.#active) continue
      if (!worst || path.lastHeardAt < worst.lastHeardAt) worst = path
    }
    // Dropping paths in use for new ones would make each of the many ports of a peer's array push out another.
    if (!worst || now - worst.lastHeardAt < FRESH_MS) return false
    worst.edge.close()
    this.#paths = this.#paths.filter((path) => path !== worst)
    return true
  }
}

function isBetter(a: Path, b: Path): boolean {
  const byKind = rankOf(a.edge.kind) - rankOf(b.edge.kind)
  if (byKind !== 0) return byKind < 0
  return (
    (a.rtt.smoothedMs ?? Number.POSITIVE_INFINITY) < (b.rtt.smoothedMs ?? Number.POSITIVE_INFINITY)
  )
}

function isClearlyQuicker(path: Path, active: Path): boolean {
  const { smoothedMs, samples } = path.rtt
  const activeMs = active.rtt.smoothedMs
  if (smoothedMs === undefined || activeMs === undefined || samples < SAMPLES_MIN) return false
  return smoothedMs < activeMs - Math.max(HYSTERESIS_MS, activeMs * HYSTERESIS_SHARE)
}

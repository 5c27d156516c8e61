/** What the NATs on the way do to this node's ports, learnt from where different peers see it (RFC 4787 section 4.1). */
import type { Instant } from '@ipop/runtime'
import type { TransportAddress } from '../address/transport-address.ts'
import { NAT_OBSERVATION_TTL_MS, NAT_OBSERVATIONS_MAX, PREDICTED_PORTS_MAX } from '../limits.ts'

/**
 * How external ports are chosen: one for all destinations, or a new one for each - the next in a row, or any.
 * Unknown until two destinations have told.
 */
export type NatMapping = 'unknown' | 'independent' | 'sequential' | 'random'

/** External ports of a node: the one that others see, or those that its NAT may give to the next destination. */
export interface PortRange {
  readonly first: TransportAddress
  readonly step: number
  readonly count: number
}

/** Ports further apart than this are not handed out one after the other. */
const STEP_LARGEST = 64
/** Ports ahead of the latest one that are worth trying: what else the network behind the NAT opens meanwhile. */
const PORTS_AHEAD = 16

/** Ports tried after the only one known: it may be the first of a row. */
const PORTS_AFTER_UNKNOWN = 8
const PORT_LAST = 65_535

/** One socket of this node as one destination sees it. */
interface Observation {
  /** The local port. */
  readonly socket: number
  readonly observed: TransportAddress
  readonly isLocal: boolean
  seenAt: Instant
}

/** A machine that is told observations and the time. */
export class NatObserver {
  readonly #observations = new Map<string, Observation>()

  /** Takes into account that `destination` sees the local port `socket` at `observed`; `isLocal` when it is bound there. */
  observe(
    seen: { destination: string; socket: number; observed: TransportAddress; isLocal: boolean },
    now: Instant,
  ): void {
    const { destination, socket, observed, isLocal } = seen
    const key = `${socket} ${destination}`
    const known = this.#observations.get(key)
    if (known?.observed.equals(observed)) {
      known.seenAt = now
      return
    }
    this.#observations.delete(key)
    this.#observations.set(key, { socket, observed, isLocal, seenAt: now })
    if (this.#observations.size <= NAT_OBSERVATIONS_MAX) return
    const oldest = this.#observations.keys().next().value
    if (oldest !== undefined) this.#observations.delete(oldest)
  }

  /** Returns what is known of the mapping. */
  mapping(now: Instant): NatMapping {
    const { translated, local } = this.#latest(now)
    if (translated.length === 0) return local > 0 ? 'independent' : 'unknown'
    let mapping: NatMapping = 'unknown'
    for (const row of bySocket(translated).values()) {
      const found = mappingOf(row)
      if (found === 'unknown' || mapping === 'random') continue
      mapping = found
    }
    return mapping
  }

  /** Returns where to try from outside: the port seen, or a range around the ports of a sequential NAT. */
  outside(now: Instant): PortRange | undefined {
    const mapping = this.mapping(now)
    const { translated } = this.#latest(now)
    const seen = translated.at(-1)?.observed
    if (!seen) return undefined
    if (mapping === 'unknown') return { first: seen, step: 1, count: 1 + PORTS_AFTER_UNKNOWN }
    if (mapping !== 'sequential') return { first: seen, step: 1, count: 1 }
    const rows = [...bySocket(translated).values()]
    const row = rows.reduce((a, b) => (b.length > a.length ? b : a))
    return sequentialRange(seen, distinctPorts(row))
  }

  /** The translated observations at the address seen last, and how many saw the bound address. */
  #latest(now: Instant): { translated: Observation[]; local: number } {
    for (const [key, each] of this.#observations) {
      if (now - each.seenAt > NAT_OBSERVATION_TTL_MS) this.#observations.delete(key)
    }
    const all = [...this.#observations.values()]
    const outside = all.filter(({ isLocal }) => !isLocal)
    const host = outside.at(-1)?.observed.host
    const translated = outside.filter(({ observed }) => observed.host === host)
    return { translated, local: all.length - outside.length }
  }
}

function bySocket(observations: readonly Observation[]): Map<number, Observation[]> {
  const rows = new Map<number, Observation[]>()
  for (const each of observations) {
    const row = rows.get(each.socket)
    if (row) row.push(each)
    else rows.set(each.socket, [each])
  }
  return rows
}

function mappingOf(row: readonly Observation[]): NatMapping {
  if (row.length < 2) return 'unknown'
  const apart = steps(distinctPorts(row))
  if (apart.length === 0) return 'independent'
  return apart.every((step) => step <= STEP_LARGEST) ? 'sequential' : 'random'
}

function sequentialRange(seen: TransportAddress, ports: readonly number[]): PortRange | undefined {
  const [oldest, latest] = [ports[0], ports.at(-1)]
  if (oldest === undefined || latest === undefined) return undefined
  const step = ports.length > 2 ? steps(ports).reduce(greatestCommonDivisor) : 1
  const count = Math.min(PREDICTED_PORTS_MAX, (latest - oldest) / step + 1 + PORTS_AHEAD)
  const last = Math.min(latest + PORTS_AHEAD * step, PORT_LAST)
  return { first: seen.withPort(Math.max(1, last - (count - 1) * step)), step, count }
}

/** Returns the ports in order of number: the order in which they were given is not that in which they were reported. */
function distinctPorts(row: readonly Observation[]): number[] {
  return [...new Set(row.map(({ observed }) => observed.port))].sort((a, b) => a - b)
}

function steps(ports: readonly number[]): number[] {
  return ports.slice(1).map((port, at) => port - (ports[at] ?? port))
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

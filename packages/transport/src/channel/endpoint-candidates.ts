/** Endpoints that a peer is said to have, and which of them have an edge. */
import type { Instant } from '@ipop/runtime'
import type { TransportAddress } from '../address/transport-address.ts'
import type { Edge } from '../edge/edge.ts'
import { PATHS_PER_CHANNEL_MAX, TCP_DIAL_DELAY_MS, UDP_DIAL_GAP_MS } from '../limits.ts'

/** An endpoint to try. */
export interface EndpointCandidate {
  readonly ta: TransportAddress
  /** The edge dialled to it, while it is open. */
  edge: Edge | undefined
  /** Whether it was ever dialled. */
  isDialled: boolean
  /** Not before this time. */
  readonly notBefore: Instant
}

/** The candidates of one channel, oldest dropped first. */
export class EndpointCandidates {
  // A list of a few: most peers have one endpoint, and a map would take several times its memory.
  #candidates: EndpointCandidate[] = []
  #dueAt: Instant = Number.POSITIVE_INFINITY

  /** Lists the candidates, newest last. */
  values(): Iterable<EndpointCandidate> {
    return this.#candidates
  }

  /** Returns the endpoints, newest last. */
  endpoints(): TransportAddress[] {
    return this.#candidates.map((candidate) => candidate.ta)
  }

  /** Adds endpoints; returns whether one is new. Streams wait for `tcpDelayMs`, unless one is named first. */
  add(
    endpoints: readonly TransportAddress[],
    now: Instant,
    tcpDelayMs: number = TCP_DIAL_DELAY_MS,
  ): boolean {
    const hasUdp = endpoints.some((ta) => ta.kind === 'udp')
    let isNew = false
    let udpAt = now
    for (const [index, endpoint] of endpoints.entries()) {
      const ta = endpoint.withoutPath()
      if (this.#candidates.some((known) => known.ta.equals(ta))) continue
      isNew = true
      const tcpAt = hasUdp && index > 0 ? now + tcpDelayMs : now
      const notBefore = ta.kind === 'udp' ? udpAt : tcpAt
      if (ta.kind === 'udp') udpAt += UDP_DIAL_GAP_MS
      this.#dropOldest()
      this.#candidates.push({ ta, edge: undefined, isDialled: false, notBefore })
      this.#dueAt = Math.min(this.#dueAt, notBefore)
    }
    return isNew
  }

  /** Returns whether nobody says that there is another way than `edge`. */
  isOnly(edge: Edge): boolean {
    for (const candidate of this.#candidates) if (candidate.edge !== edge) return false
    return true
  }

  /** Returns when the next candidate becomes due. */
  pollTimeout(): Instant {
    return this.#dueAt
  }

  /** Returns the due candidates without an open edge that are wanted. */
  takeDue(
    now: Instant,
    { isWanted }: { isWanted: (ta: TransportAddress) => boolean },
  ): EndpointCandidate[] {
    const due: EndpointCandidate[] = []
    this.#dueAt = Number.POSITIVE_INFINITY
    for (const candidate of this.#candidates) {
      if (candidate.notBefore > now) this.#dueAt = Math.min(this.#dueAt, candidate.notBefore)
      else if (!candidate.edge?.isOpen && isWanted(candidate.ta)) due.push(candidate)
    }
    for (const candidate of due) candidate.isDialled = true
    return due
  }

  #dropOldest(): void {
    if (this.#candidates.length >= PATHS_PER_CHANNEL_MAX)
      this.#candidates = this.#candidates.slice(1)
  }
}

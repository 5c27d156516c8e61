/** One path of a channel: an edge and what is known about it. */
import type { Instant } from '@ipop/runtime'
import type { Edge, EdgeKind } from '../edge/edge.ts'
import {
  OBSERVED_AGAIN_MS,
  PATH_MISSES_MAX,
  PINGS_OUTSTANDING_MAX,
  RING_PING_GAP_MS,
} from '../limits.ts'
import type { PathMtu } from './path-mtu.ts'
import { RttEstimator } from './rtt-estimator.ts'

/**
 * What is proven about a path: nothing, that the peer's datagrams arrive over it, or that a round trip over it worked.
 * Only confirmed paths are chosen between.
 */
export type PathState = 'candidate' | 'heard' | 'confirmed'

/** A path of a channel. */
export class Path {
  edge: Edge
  state: PathState = 'candidate'
  readonly rtt = new RttEstimator()
  /** When an authenticated datagram last came over it. */
  lastHeardAt: Instant = Number.NEGATIVE_INFINITY
  /** When it was last pinged. */
  lastPingAt: Instant = Number.NEGATIVE_INFINITY
  /** Whether the peer was seen to send its frames over it. */
  isPeerActive = false
  /** Pings in a row without an answer. */
  misses = 0
  /** Pings sent. */
  tries = 0
  /** When it became the active one for the last time. */
  activeSince: Instant | undefined
  /** When the last ping counts as missed. */
  missAt: Instant | undefined
  /** How long datagrams it carries whole, where that was asked. */
  mtu: PathMtu | undefined
  readonly #pings: { id: number; sentAt: Instant; isTelling: boolean }[] = []
  /** When the peer was last told for certain where it is seen. */
  #toldAt: Instant = Number.NEGATIVE_INFINITY

  constructor(edge: Edge) {
    this.edge = edge
  }

  /** Whether a ping is not too much: a path through others is asked seldom, because they carry it. */
  mayBePinged(now: Instant): boolean {
    return this.edge.kind !== 'ring' || now - this.lastPingAt >= RING_PING_GAP_MS
  }

  /** Lets the next ping tell the peer where it is seen, and its answer where this node is. */
  ask(): void {
    this.#toldAt = Number.NEGATIVE_INFINITY
  }

  /** Notes that the peer hears where it is seen. */
  told(now: Instant): void {
    this.#toldAt = now
  }

  /** Whether the peer has to be told where it is seen: it is seen elsewhere on another path. */
  isTelling(now: Instant): boolean {
    return now - this.#toldAt >= OBSERVED_AGAIN_MS
  }

  /** Remembers a ping. */
  pingSent(id: number, now: Instant): void {
    if (this.#pings.length >= PINGS_OUTSTANDING_MAX) this.#pings.shift()
    this.#pings.push({ id, sentAt: now, isTelling: this.isTelling(now) })
    this.lastPingAt = now
    this.tries++
    this.missAt ??= now + this.rtt.timeoutMs(this.misses)
  }

  /** Handles a pong that came over this path; returns the round trip when it answers a ping sent over it. */
  pongReceived(id: number, now: Instant): number | undefined {
    const at = this.#pings.findIndex((ping) => ping.id === id)
    const ping = this.#pings[at]
    if (!ping) return undefined
    this.#pings.splice(0, at + 1)
    if (ping.isTelling) this.told(now)
    const rttMs = now - ping.sentAt
    this.rtt.update(rttMs)
    this.misses = 0
    this.missAt = undefined
    this.state = 'confirmed'
    return rttMs
  }

  /** Counts a missed ping that is due; returns whether the path lost its confirmation by it. */
  handleTimeout(now: Instant): boolean {
    if (this.missAt === undefined || now < this.missAt) return false
    this.missAt = undefined
    this.misses++
    if (this.misses < PATH_MISSES_MAX || this.state !== 'confirmed') return false
    this.demote()
    return true
  }

  /** Withdraws the confirmation: the path has to prove itself again. */
  demote(): void {
    this.ask()
    if (this.state === 'confirmed') this.state = 'heard'
  }

  /** Whether frames can be sent and are known to arrive. */
  get isUsable(): boolean {
    return this.state === 'confirmed' && this.edge.isOpen
  }
}

const RANKS: Readonly<Record<EdgeKind, number>> = { udp: 0, tcp: 1, relay: 2, ring: 3 }

/** Returns the order of preference of a kind; lower is better. */
export function rankOf(kind: EdgeKind): number {
  return RANKS[kind]
}

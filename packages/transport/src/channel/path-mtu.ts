/** How long a datagram one path carries whole, found out by probes of common sizes (RFC 8899 without options). */
import type { Instant, Random } from '@ipop/runtime'
import {
  PATH_MTU_ASSUMED,
  PATH_MTU_CHECK_MS,
  PATH_MTU_DOUBT_MS,
  PATH_MTU_TRIES_MAX,
  PATH_MTUS,
  UDP4_HEADER_BYTES,
  UDP6_HEADER_BYTES,
} from '../limits.ts'

type MtuState =
  | { readonly kind: 'settled' }
  | {
      readonly kind: 'probing'
      /** Which of the sizes is asked for. */
      readonly index: number
      readonly id: number
      readonly sentAt: Instant
      readonly tries: number
    }

/** A ping to send, padded. */
export interface MtuProbe {
  readonly id: number
  readonly datagramBytes: number
}

const ASSUMED = PATH_MTUS.indexOf(PATH_MTU_ASSUMED)

/** Searches the largest of the sizes that arrives. A machine: the owner sends the probes. */
export class PathMtu {
  readonly #random: Random
  readonly #headerBytes: number
  #state: MtuState = { kind: 'settled' }
  /** The size that is relied on, by index; only the first probe may prove it wrong. */
  #belief = ASSUMED
  /** The largest size that arrived in this search. Index 0 needs no proof: every link of IPv6 carries it. */
  #good = 0
  /** The smallest size that did not arrive. */
  #bad: number = PATH_MTUS.length
  /** When to look for wider paths again, or for the next try. */
  #nextAt: Instant = Number.POSITIVE_INFINITY

  /** `overheadBytes` is what a relay frame adds to every datagram. */
  constructor(
    { random }: { random: Random },
    { isIpv6, overheadBytes = 0 }: { isIpv6: boolean; overheadBytes?: number },
  ) {
    this.#random = random
    this.#headerBytes = (isIpv6 ? UDP6_HEADER_BYTES : UDP4_HEADER_BYTES) + overheadBytes
  }

  /** The longest datagram that the path is believed to carry whole. */
  get datagramBytesMax(): number {
    return this.#datagramBytes(this.#belief)
  }

  /** Begins a search among all sizes. */
  start(now: Instant): void {
    this.#good = 0
    this.#bad = PATH_MTUS.length
    this.#ask(this.#belief, now)
  }

  /** Doubts the size that is relied on: frames stayed unanswered that a ping did not. */
  doubt(now: Instant): void {
    const isFresh = this.#nextAt - PATH_MTU_CHECK_MS + PATH_MTU_DOUBT_MS > now
    if (this.#state.kind === 'probing' || isFresh) return
    this.#good = 0
    this.#bad = this.#belief + 1
    this.#ask(this.#belief, now)
  }

  /** Stops: another path is active. What was learnt stays. */
  stop(): void {
    this.#state = { kind: 'settled' }
    this.#nextAt = Number.POSITIVE_INFINITY
  }

  /** Returns when `handleTimeout` wants to be called. */
  pollTimeout(): Instant {
    return this.#nextAt
  }

  /**
   * Returns the probe to send now, if one is due: the id of its ping and the length of its datagram. `lastHeardAt` is when
   * the peer was last heard over the path: a silent path says nothing about sizes.
   */
  handleTimeout(now: Instant, lastHeardAt: Instant): MtuProbe | undefined {
    if (now < this.#nextAt) return undefined
    if (this.#state.kind === 'settled') this.start(now)
    else if (this.#state.tries > 0 && lastHeardAt >= this.#state.sentAt) this.#missed(now)
    if (this.#state.kind === 'settled') return undefined
    return { id: this.#state.id, datagramBytes: this.#datagramBytes(this.#state.index) }
  }

  /** Takes note that the probe was sent and counts as missed at `missAt`. */
  sent(missAt: Instant, now: Instant): void {
    if (this.#state.kind !== 'probing') return
    // A try on a path that fell silent is repeated, not counted.
    this.#state = { ...this.#state, sentAt: now, tries: Math.max(1, this.#state.tries) }
    this.#nextAt = missAt
  }

  /** Takes note that the probe could not be sent before `at`. */
  postponed(at: Instant): void {
    this.#nextAt = at
  }

  /** Takes note that the first link does not take the probe. */
  refused(now: Instant): void {
    if (this.#state.kind === 'probing') this.#failed(this.#state.index, now)
  }

  /** Takes a pong into account; returns whether it answers the probe. */
  pong(id: number, now: Instant): boolean {
    if (this.#state.kind !== 'probing' || this.#state.tries === 0 || this.#state.id !== id)
      return false
    const { index } = this.#state
    this.#good = index
    this.#belief = Math.max(this.#belief, index)
    this.#next(now)
    return true
  }

  #missed(now: Instant): void {
    if (this.#state.kind !== 'probing') return
    const { tries, index } = this.#state
    if (tries >= PATH_MTU_TRIES_MAX) this.#failed(index, now)
    else this.#state = { ...this.#state, tries: tries + 1 }
  }

  #failed(index: number, now: Instant): void {
    this.#bad = index
    // At once: every datagram of this size is being lost.
    if (this.#belief >= index) this.#belief = this.#good
    this.#next(now)
  }

  #next(now: Instant): void {
    if (this.#bad - this.#good > 1) return this.#ask((this.#good + this.#bad) >> 1, now)
    this.#state = { kind: 'settled' }
    this.#nextAt = now + PATH_MTU_CHECK_MS
  }

  #ask(index: number, now: Instant): void {
    // The smallest size is relied on without proof, so there is nothing to ask for.
    if (index === 0) return this.#next(now)
    const id = this.#random.uint32()
    this.#state = { kind: 'probing', index, id, sentAt: now, tries: 0 }
    this.#nextAt = now
  }

  #datagramBytes(index: number): number {
    return (PATH_MTUS[index] ?? 0) - this.#headerBytes
  }
}

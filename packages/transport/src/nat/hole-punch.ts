/** How the two ends of one channel reach each other through their NATs: what each tells, and what it tries then. */
import { Malformed } from '@ipop/codec'
import type { Instant, LogFields, Random } from '@ipop/runtime'
import type { TransportAddress } from '../address/transport-address.ts'
import { decodePathOffer, encodePathOffer, type PathOffer } from '../wire/path-offer.ts'
import { GuessBurst } from './guess-burst.ts'
import type { NatMapping, PortRange } from './nat-observer.ts'

/** Offers of the peer cause probes at most this often. */
const PROBES_PAUSE_MS = 400
/** An offer is made again for the asking at most this often. */
const ANSWER_PAUSE_MS = 200
/** Pauses between two arrays or bursts for one channel, after the 5 s of one: the first may have had bad luck, the tenth has not. */
const ARRAY_PAUSES_MS = [5_500, 60_000, 600_000, 3_600_000] as const
/** What is simple is given this much time before an array is opened. */
const SIMPLE_WAYS_MS = 700
/** Offers say this long that an array is open, which stays open for 5 s: a burst takes 1.6 s. */
const ARRAY_TOLD_MS = 3_000
/** Chances differ by a little time between the ends, so a burst is allowed a bit earlier than the next array. */
const BURST_EARLY_SHARE = 0.8

/** What is known at this end. */
export interface OwnReach {
  readonly mapping: NatMapping
  readonly endpoints: readonly TransportAddress[]
  readonly outside: PortRange | undefined
}

/** What hole punching needs from its channel. */
export interface HolePunchHost {
  now(): Instant
  /** Records a branch taken. */
  note(event: string, fields: LogFields): void
  /** Returns how this node can be reached now. */
  reach(): OwnReach
  /** Asks for `handleTimeout` at `at`. */
  wake(at: Instant): void
  /** Sends a frame over the active path. */
  sendFrame(frame: Uint8Array): void
  /** Takes endpoints of the peer as candidates. */
  addEndpoints(endpoints: readonly TransportAddress[]): void
  /** Tries all candidates now. */
  tryAll(now: Instant): void
  /** Sends a ping to an endpoint that is not a path yet. */
  probe(ta: TransportAddress): void
  /** Opens many ports towards `ta`, calling `onOpen` when they are; false when that is not possible now. */
  openArray(ta: TransportAddress, onOpen: () => void): boolean
  /** Whether frames travel over direct UDP. */
  isDirect(): boolean
}

/** The hole punching of one channel. */
export class HolePunch {
  readonly #random: Random
  readonly #host: HolePunchHost
  #probedAt: Instant = Number.NEGATIVE_INFINITY
  #offeredAt: Instant = Number.NEGATIVE_INFINITY
  /** When the peer's first offer came. */
  #heardAt: Instant | undefined
  #arrays = 0
  #arrayNotBefore: Instant = Number.NEGATIVE_INFINITY
  /** Until then every offer says that the array is open: one of them may get lost. */
  #arrayToldUntil: Instant = Number.NEGATIVE_INFINITY
  /** When to ask the peer for an offer besides the rounds of the search. */
  #askAt: Instant = Number.POSITIVE_INFINITY
  #bursts = 0
  #burstNotBefore: Instant = Number.NEGATIVE_INFINITY
  #burst: GuessBurst | undefined

  constructor({ random }: { random: Random }, host: HolePunchHost) {
    this.#random = random
    this.#host = host
  }

  /** Tells the peer where to try, at the beginning of a round of this end's search. */
  offer(now: Instant): void {
    this.#offer({ wantsAnswer: true }, now)
  }

  /** Handles the peer's offer; returns why it was dropped, if it was. */
  receive(frame: Uint8Array, now: Instant): Malformed | undefined {
    const offer = decodePathOffer(frame)
    if (offer instanceof Malformed) return offer
    if (offer.wantsAnswer && now - this.#offeredAt >= ANSWER_PAUSE_MS) {
      this.#offer({ wantsAnswer: false }, now)
    }
    if (this.#host.isDirect()) return undefined
    this.#host.tryAll(now)
    this.#host.addEndpoints(offer.endpoints)
    this.#heardAt ??= now
    this.#probe(offer, now)
    return undefined
  }

  /** Returns when `handleTimeout` wants to be called. */
  pollTimeout(): Instant {
    return Math.min(this.#askAt, this.#burst?.pollTimeout() ?? Number.POSITIVE_INFINITY)
  }

  /** Makes the guesses that are due, and asks for what a second array needs. */
  handleTimeout(now: Instant): void {
    if (now >= this.#askAt) {
      this.#askAt = Number.POSITIVE_INFINITY
      if (!this.#host.isDirect()) this.offer(now)
    }
    if (!this.#burst || now < this.#burst.pollTimeout()) return
    if (this.#host.isDirect()) this.#burst = undefined
    else for (const ta of this.#burst.take(now)) this.#host.probe(ta)
  }

  #offer({ wantsAnswer }: { wantsAnswer: boolean }, now: Instant): void {
    this.#offeredAt = now
    const isArrayOpen = now < this.#arrayToldUntil
    this.#host.sendFrame(encodePathOffer({ ...this.#host.reach(), wantsAnswer, isArrayOpen }))
  }

  #probe(offer: PathOffer, now: Instant): void {
    const { outside } = offer
    if (outside?.first.kind !== 'udp') return
    const own = this.#host.reach().mapping
    // Every probe of a NAT that maps by destination takes a new port, and makes its next one harder to foresee.
    const isSteady = own === 'independent' || own === 'unknown'
    if (offer.mapping === 'random') {
      if (isSteady && offer.isArrayOpen) this.#startBurst(outside.first, now)
      return
    }
    if (isSteady) this.#probeRange(outside, now)
    else if (own === 'random') this.#openArray(outside.first, now)
  }

  #probeRange({ first, step, count }: PortRange, now: Instant): void {
    if (count < 2 || now - this.#probedAt < PROBES_PAUSE_MS) return
    this.#probedAt = now
    for (let i = 0; i < count; i++) {
      const port = first.port + i * step
      if (port <= 0xffff) this.#host.probe(first.withPort(port))
    }
  }

  #openArray(towards: TransportAddress, now: Instant): void {
    if (now < Math.max(this.#arrayNotBefore, (this.#heardAt ?? now) + SIMPLE_WAYS_MS)) return
    const isBegun = this.#host.openArray(towards, () => this.#arrayOpened(towards))
    if (!isBegun) return
    this.#arrayNotBefore = now + pauseAfter(this.#arrays++)
    // Rounds of the search are too rare by then: the peer's answer begins the second array.
    if (this.#arrays === 1) this.#host.wake((this.#askAt = this.#arrayNotBefore))
  }

  #arrayOpened(towards: TransportAddress): void {
    const now = this.#host.now()
    this.#arrayToldUntil = now + ARRAY_TOLD_MS
    this.#host.note('port array open', { towards: towards.toString() })
    this.#offer({ wantsAnswer: false }, now)
  }

  #startBurst(at: TransportAddress, now: Instant): void {
    if (now < this.#burstNotBefore) return
    this.#burstNotBefore = now + BURST_EARLY_SHARE * pauseAfter(this.#bursts++)
    this.#host.note('guessing ports', { at: at.toString() })
    this.#burst = new GuessBurst({ random: this.#random }, at, now)
    this.handleTimeout(now)
    this.#host.wake(this.pollTimeout())
  }
}

function pauseAfter(count: number): number {
  return ARRAY_PAUSES_MS[Math.min(count, ARRAY_PAUSES_MS.length - 1)] ?? 0
}

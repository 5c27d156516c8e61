/** A burst of guesses at the ports of a random NAT: paced, bounded, every port at most once. */
import type { Instant, Random } from '@ipop/runtime'
import type { TransportAddress } from '../address/transport-address.ts'
import { PORT_GUESSES_MAX, PORT_GUESSES_PER_STEP_MAX } from '../limits.ts'

/** Pause between two steps. */
const STEP_MS = 50
/** Ports below are not given to clients. */
const PORT_FIRST = 1_024
const PORT_LAST = 65_535

/** The guesses of one burst. */
export class GuessBurst {
  readonly #random: Random
  readonly #at: TransportAddress
  readonly #tried = new Set<number>()
  #nextAt: Instant

  constructor({ random }: { random: Random }, at: TransportAddress, now: Instant) {
    this.#random = random
    this.#at = at
    this.#nextAt = now
  }

  /** Returns when the next step is due; infinity when all guesses are made. */
  pollTimeout(): Instant {
    return this.#tried.size < PORT_GUESSES_MAX ? this.#nextAt : Number.POSITIVE_INFINITY
  }

  /** Returns the guesses that are due. */
  take(now: Instant): TransportAddress[] {
    if (now < this.pollTimeout()) return []
    this.#nextAt = now + STEP_MS
    const guesses: TransportAddress[] = []
    while (guesses.length < PORT_GUESSES_PER_STEP_MAX && this.#tried.size < PORT_GUESSES_MAX) {
      const port = PORT_FIRST + this.#random.below(PORT_LAST - PORT_FIRST + 1)
      if (this.#tried.has(port)) continue
      this.#tried.add(port)
      guesses.push(this.#at.withPort(port))
    }
    return guesses
  }
}

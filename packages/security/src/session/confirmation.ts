/** The initiator's empty datagrams that tell a responder its key has arrived. */
import type { Instant } from '@ipop/runtime'
import type { TransportKey } from '../data/transport-key.ts'
import { CONFIRMATION_RETRY_MS, CONFIRMATIONS_MAX } from '../limits.ts'

const EMPTY = new Uint8Array(0)

/** Confirms a key, and repeats that until something arrives under it. */
export class Confirmation<P> {
  readonly path: P
  readonly #key: TransportKey
  #sentCount = 1
  #delayMs = 2 * CONFIRMATION_RETRY_MS
  #at: Instant

  constructor(key: TransportKey, path: P, now: Instant) {
    this.#key = key
    this.path = path
    this.#at = now + CONFIRMATION_RETRY_MS
  }

  /** Returns the first datagram; none where a frame was sealed since, which confirms the key as well. */
  first(): Uint8Array | undefined {
    const { parts, sentCount } = this.#key
    return sentCount > 0 ? undefined : this.#key.seal(EMPTY, parts.createdAt)
  }

  /** When `poll` wants to be called. */
  get timeoutAt(): Instant {
    return this.isDone ? Infinity : this.#at
  }

  /** Whether the responder has shown that it uses the key, or enough was tried. */
  get isDone(): boolean {
    return this.#key.receivedCount > 0 || this.#sentCount > CONFIRMATIONS_MAX
  }

  /** Returns the repetition that is due at `now`. */
  poll(now: Instant): Uint8Array | undefined {
    if (this.isDone || now < this.#at) return undefined
    this.#sentCount += 1
    this.#at = now + this.#delayMs
    this.#delayMs *= 2
    return this.#key.seal(EMPTY, now)
  }
}

/** A token bucket. */
import type { Instant } from '@ipop/runtime'

/** Allows so many events a second, with a burst of one second's worth. */
export class RateLimit {
  readonly #perSecond: number
  #tokens: number
  #filledAt = Number.NEGATIVE_INFINITY

  constructor(options: { perSecond: number }) {
    this.#perSecond = options.perSecond
    this.#tokens = options.perSecond
  }

  /** Returns whether one more event is allowed, and counts it if so. */
  take(now: Instant): boolean {
    const elapsed = Math.max(0, now - this.#filledAt)
    this.#filledAt = now
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (elapsed * this.#perSecond) / 1_000)
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}

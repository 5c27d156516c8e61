/** Two measures of how often something happens. */
import type { Instant } from '@ipop/runtime'

/** Counts what happened in the current second. */
export class SecondCounter {
  #since: Instant = -Infinity
  #count = 0

  /** Counts one event and returns how many this second has seen. */
  count(now: Instant): number {
    if (now - this.#since >= 1_000) {
      this.#since = now
      this.#count = 0
    }
    this.#count += 1
    return this.#count
  }
}

/** Allows a burst, then one event every `refillMs`. */
export class TokenBucket {
  readonly #burst: number
  readonly #refillMs: number
  #tokens: number
  #since: Instant | undefined

  constructor(options: { readonly burst: number; readonly refillMs: number }) {
    this.#burst = options.burst
    this.#refillMs = options.refillMs
    this.#tokens = options.burst
  }

  /** Takes a token; returns whether there was one. */
  take(now: Instant): boolean {
    const earned = (now - (this.#since ?? now)) / this.#refillMs
    this.#tokens = Math.min(this.#burst, this.#tokens + earned)
    this.#since = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}

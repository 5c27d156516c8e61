/** A budget of bytes that refills with time. */
import type { Instant } from '@ipop/runtime'

/** How much may pass. */
export interface ByteRate {
  readonly bytesPerSecond: number
  /** What may pass at once after a pause. */
  readonly burstBytes: number
}

/** A token bucket. */
export class TokenBucket {
  readonly #rate: ByteRate
  #bytes: number
  #filledAt: Instant

  constructor(rate: ByteRate, now: Instant) {
    this.#rate = rate
    this.#bytes = rate.burstBytes
    this.#filledAt = now
  }

  /** Returns whether so many bytes are left, refilled up to `now`. */
  has(bytes: number, now: Instant): boolean {
    const { bytesPerSecond, burstBytes } = this.#rate
    const refill = (Math.max(0, now - this.#filledAt) * bytesPerSecond) / 1_000
    this.#bytes = Math.min(burstBytes, this.#bytes + refill)
    this.#filledAt = now
    return this.#bytes >= bytes
  }

  /** Uses bytes up. */
  take(bytes: number): void {
    this.#bytes -= bytes
  }
}

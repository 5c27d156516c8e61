/** A budget of bytes that refills with time. */
import type { Instant } from '@ipop/runtime'
import { RELAY_EARLY_LOSS_BURST_MIN, RELAY_EARLY_LOSS_MAX } from './limits.ts'

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
  /** What is owed of the next early loss, in frames. */
  #lossDue = 0

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

  /**
   * Returns whether the next frame shall be lost although there is room for it: once the bucket is half empty, the emptier
   * the more often. An empty bucket loses whole flights, which costs TCP far more than the rate; after a warning it sends less.
   */
  losesEarly(): boolean {
    const { burstBytes } = this.#rate
    const share = 1 - this.#bytes / (burstBytes / 2)
    if (share <= 0 || burstBytes < RELAY_EARLY_LOSS_BURST_MIN) return false
    this.#lossDue += share * RELAY_EARLY_LOSS_MAX
    if (this.#lossDue < 1) return false
    this.#lossDue -= 1
    return true
  }

  /** Uses bytes up. */
  take(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** Round-trip statistics per destination, for the resend timers of requests. */
import type { Address } from '@ipop/address'
import {
  REQUEST_TIMEOUT_FIRST_MS,
  REQUEST_TIMEOUT_MAX_MS,
  REQUEST_TIMEOUT_MIN_MS,
  REQUEST_TIMEOUT_SLACK_MS,
  RTT_TABLE_MAX,
} from '../limits.ts'

interface Estimate {
  smoothedMs: number
  variationMs: number
}

/** Smoothed round trips as RFC 6298 computes them. */
export class RoundTripTimes {
  readonly #byKey = new Map<string, Estimate>()
  #overall: Estimate | undefined

  /** Records one measured round trip with `peer`, in milliseconds. */
  record(peer: Address, rttMs: number): void {
    const known = this.#byKey.get(peer.key)
    this.#byKey.delete(peer.key)
    this.#byKey.set(peer.key, next(known, rttMs))
    this.#overall = next(this.#overall, rttMs)
    if (this.#byKey.size > RTT_TABLE_MAX) {
      const oldest = this.#byKey.keys().next()
      if (!oldest.done) this.#byKey.delete(oldest.value)
    }
  }

  /** Returns how long to wait for an answer from `target` before the `attempt`-th resend (0 = first), in milliseconds. */
  timeoutMs(target: Address, attempt: number): number {
    const estimate = this.#byKey.get(target.key) ?? this.#overall
    const first = estimate
      ? estimate.smoothedMs + Math.max(REQUEST_TIMEOUT_SLACK_MS, 4 * estimate.variationMs)
      : REQUEST_TIMEOUT_FIRST_MS
    const bounded = Math.max(REQUEST_TIMEOUT_MIN_MS, first) * 2 ** attempt
    return Math.min(REQUEST_TIMEOUT_MAX_MS, bounded)
  }
}

// RFC 6298 §2: alpha = 1/8, beta = 1/4.
function next(known: Estimate | undefined, rttMs: number): Estimate {
  if (!known) return { smoothedMs: rttMs, variationMs: rttMs / 2 }
  const variationMs = 0.75 * known.variationMs + 0.25 * Math.abs(known.smoothedMs - rttMs)
  return { smoothedMs: 0.875 * known.smoothedMs + 0.125 * rttMs, variationMs }
}

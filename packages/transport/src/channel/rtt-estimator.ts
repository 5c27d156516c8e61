/** Smoothed round trip and probe timeout of one path, after RFC 6298. */
import { PROBE_TIMEOUT_INITIAL_MS, PROBE_TIMEOUT_MAX_MS, PROBE_TIMEOUT_MIN_MS } from '../limits.ts'

/** RFC 6298 §2.3: alpha. */
const SMOOTHING = 1 / 8
/** RFC 6298 §2.3: beta. */
const VARIATION_SMOOTHING = 1 / 4

/** Measures a path. */
export class RttEstimator {
  /** Smoothed round trip; undefined before the first sample. */
  smoothedMs: number | undefined
  /** How many samples were taken. */
  samples = 0
  #variationMs = 0

  /** Takes one round trip into account. */
  update(rttMs: number): void {
    this.samples++
    if (this.smoothedMs === undefined) {
      this.smoothedMs = rttMs
      this.#variationMs = rttMs / 2
      return
    }
    const error = Math.abs(this.smoothedMs - rttMs)
    this.#variationMs += VARIATION_SMOOTHING * (error - this.#variationMs)
    this.smoothedMs += SMOOTHING * (rttMs - this.smoothedMs)
  }

  /** Returns how long an answer may take after `misses` unanswered probes in a row (RFC 6298 §5.5: back off). */
  timeoutMs(misses = 0): number {
    const first =
      this.smoothedMs === undefined
        ? PROBE_TIMEOUT_INITIAL_MS
        : this.smoothedMs + 4 * this.#variationMs
    const backedOff = Math.max(first, PROBE_TIMEOUT_MIN_MS) * 2 ** misses
    return Math.min(backedOff, PROBE_TIMEOUT_MAX_MS)
  }
}

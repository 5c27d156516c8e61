/** The earliest of several instants, and what is due then. */
import type { Instant } from '@ipop/runtime'

/** Begins with one instant and takes earlier ones. */
export class Earliest {
  at: Instant
  reason: string

  constructor(at: Instant, reason: string) {
    this.at = at
    this.reason = reason
  }

  /** Takes `at` where it is earlier. */
  consider(at: Instant, reason: string): void {
    if (at >= this.at) return
    this.at = at
    this.reason = reason
  }
}

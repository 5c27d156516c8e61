/** When a lease does what: all intervals, spread by chance so that nodes do not act in step. */
import type { Instant, Random } from '@ipop/runtime'
import type { Ipv4 } from '../ip/ipv4-address.ts'
import {
  LEASE_EXPIRY_MARGIN_MS,
  LEASE_REASSERT_INTERVAL_MIN_MS,
  LEASE_REASSERT_MS,
  LEASE_REBIND_FRACTION,
  LEASE_REBIND_RETRY_MS,
  LEASE_RENEW_RETRY_MS,
  LEASE_RETRY_MAX_MS,
  LEASE_RETRY_MIN_MS,
  LEASE_STATIC_RETRY_MS,
  LEASE_VERIFY_MS,
  LEASE_VERIFY_UNSETTLED_MS,
  RING_UNSETTLED_MS,
} from '../limits.ts'
import type { Held } from './lease-state.ts'

/** Computes the times of one lease. */
export class LeaseTiming {
  readonly #random: Random
  readonly #lengthMs: number
  #ringChangedAt = Number.NEGATIVE_INFINITY

  constructor(modules: { random: Random }, options: { leaseSeconds: number }) {
    this.#random = modules.random
    this.#lengthMs = options.leaseSeconds * 1_000
  }

  /** Returns the times of a lease that was asked for at `sentAt`: it ends here before it ends in the DHT. */
  held(ip: Ipv4, sentAt: Instant): Held {
    const length = this.#lengthMs
    return {
      ip,
      renewAt: sentAt + length * (0.45 + 0.05 * this.#random.float()),
      rebindAt: sentAt + length * LEASE_REBIND_FRACTION,
      expiresAt: sentAt + length - Math.min(LEASE_EXPIRY_MARGIN_MS, length / 16),
    }
  }

  /** Returns when to look whether the claim still stands. */
  verifyAt(now: Instant): Instant {
    const isUnsettled = now - this.#ringChangedAt < RING_UNSETTLED_MS
    const pause = isUnsettled ? LEASE_VERIFY_UNSETTLED_MS : LEASE_VERIFY_MS
    return now + this.#jittered(Math.min(pause, this.#lengthMs / 4))
  }

  /** Takes note that the ring changed and returns when to claim again. */
  reassertAt(lastClaimAt: Instant, now: Instant): Instant {
    this.#ringChangedAt = now
    return Math.max(
      now + this.#jittered(LEASE_REASSERT_MS),
      lastClaimAt + this.#jittered(LEASE_REASSERT_INTERVAL_MIN_MS),
    )
  }

  /** Returns when to try again without an address, after `attempt` earlier tries. */
  retryAt(attempt: number, now: Instant): Instant {
    const pause = Math.min(LEASE_RETRY_MIN_MS * 2 ** Math.min(attempt, 10), LEASE_RETRY_MAX_MS)
    return now + this.#jittered(pause)
  }

  /** Returns when to try again to renew; short leases leave no room for the usual pause. */
  renewRetryAt(now: Instant): Instant {
    return now + this.#jittered(Math.min(LEASE_RENEW_RETRY_MS, this.#lengthMs / 32))
  }

  /** Returns when to try again in the last part of a lease. */
  rebindRetryAt(now: Instant): Instant {
    return now + this.#jittered(Math.min(LEASE_REBIND_RETRY_MS, this.#lengthMs / 64))
  }

  /** Returns when to ask again for a static address that somebody else holds. */
  staticRetryAt(now: Instant): Instant {
    return now + this.#jittered(LEASE_STATIC_RETRY_MS)
  }

  #jittered(ms: number): number {
    return ms * (0.75 + 0.5 * this.#random.float())
  }
}

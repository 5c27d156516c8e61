/** When an initiation is resent, and when the attempt gives up. */
import type { Instant, Random } from '@ipop/runtime'
import {
  HANDSHAKE_ATTEMPT_MS,
  INITIATION_RETRY_JITTER,
  INITIATION_RETRY_MAX_MS,
  INITIATION_RETRY_MIN_MS,
} from '../limits.ts'

/** Delays of one attempt. */
export interface RetryOptions {
  readonly retryMinMs?: number
  readonly retryMaxMs?: number
  readonly attemptMs?: number
}

/** Doubling delays with jitter, up to an end. */
export class RetrySchedule {
  readonly giveUpAt: Instant
  readonly #random: Random
  readonly #maxMs: number
  #delayMs: number
  #retryAt: Instant

  constructor(
    modules: { readonly random: Random },
    options: RetryOptions & { readonly startedAt: Instant },
  ) {
    this.#random = modules.random
    this.#delayMs = options.retryMinMs ?? INITIATION_RETRY_MIN_MS
    this.#maxMs = options.retryMaxMs ?? INITIATION_RETRY_MAX_MS
    this.giveUpAt = options.startedAt + (options.attemptMs ?? HANDSHAKE_ATTEMPT_MS)
    this.#retryAt = options.startedAt
    this.advance(options.startedAt)
  }

  /** When to resend. */
  get retryAt(): Instant {
    return this.#retryAt
  }

  /** Notes that the message was sent at `now` and sets the time of the next. */
  advance(now: Instant): void {
    const jitter = 1 + INITIATION_RETRY_JITTER * (this.#random.float() - 0.5)
    this.#retryAt = now + this.#delayMs * jitter
    this.#delayMs = Math.min(this.#delayMs * 2, this.#maxMs)
  }
}

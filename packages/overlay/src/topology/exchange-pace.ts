/** When neighbours are asked for their lists without news to tell them. */
import type { Instant } from '@ipop/runtime'
import { INCOMPLETE_RETRY_MS, INCOMPLETE_RETRY_MIN_MS } from '../limits.ts'
import { EXCHANGE_IDLE_MS } from './limits.ts'

/** Who is asked: nobody, the neighbours, or also the ring for the neighbours of this node's address. */
export type ExchangeDue = 'nothing' | 'neighbors' | 'everything'

/**
 * While the ring around a node is incomplete it asks soon: an answer that took a detour may have replaced a newer one,
 * and then both ends have nothing new to tell each other. The pauses double up to that of a ring in repair.
 */
export class ExchangePace {
  #askedAt: Instant = 0
  #pauseMs: number = INCOMPLETE_RETRY_MIN_MS

  /** Begins at `now`. */
  start(now: Instant): void {
    this.#askedAt = now
    this.#pauseMs = INCOMPLETE_RETRY_MIN_MS
  }

  /** Returns who is to be asked now. */
  take(isComplete: boolean, now: Instant): ExchangeDue {
    const pauseMs = isComplete ? EXCHANGE_IDLE_MS : this.#pauseMs
    if (isComplete) this.#pauseMs = INCOMPLETE_RETRY_MIN_MS
    if (now - this.#askedAt < pauseMs) return 'nothing'
    this.#askedAt = now
    if (isComplete) return 'neighbors'
    this.#pauseMs = Math.min(INCOMPLETE_RETRY_MS, 2 * pauseMs)
    return pauseMs < INCOMPLETE_RETRY_MS ? 'neighbors' : 'everything'
  }
}

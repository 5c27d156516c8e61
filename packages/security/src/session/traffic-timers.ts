/** What a session concludes from silence in one or the other direction (WireGuard's passive timers). */
import type { Instant } from '@ipop/runtime'
import { PASSIVE_KEEPALIVE_MS, SESSION_DORMANT_MS, UNANSWERED_MS } from '../limits.ts'

/** Times of the last traffic. */
export class TrafficTimers {
  #lastHeardAt: Instant
  #unansweredSince: Instant = Infinity
  #keepaliveDueAt: Instant = Infinity

  constructor(now: Instant) {
    this.#lastHeardAt = now
  }

  /** When an empty datagram is due, so that the peer knows it was heard. */
  get keepaliveDueAt(): Instant {
    return this.#keepaliveDueAt
  }

  /** When the session has been silent for so long that it is given up. */
  get dormantAt(): Instant {
    return this.#lastHeardAt + SESSION_DORMANT_MS
  }

  /** Notes that a datagram was sealed. */
  sent(now: Instant): void {
    this.#keepaliveDueAt = Infinity
    if (this.#unansweredSince === Infinity) this.#unansweredSince = now
  }

  /** Notes that something authentic arrived. */
  heard(now: Instant): void {
    this.#lastHeardAt = now
    this.#unansweredSince = Infinity
  }

  /** Notes that a frame arrived; returns whether that set a new time for the keepalive. */
  heardFrame(now: Instant): boolean {
    if (this.#keepaliveDueAt !== Infinity) return false
    this.#keepaliveDueAt = now + PASSIVE_KEEPALIVE_MS
    return true
  }

  /** Returns whether so long was sent without any echo that the peer may have lost the key. */
  isUnanswered(now: Instant): boolean {
    return now - this.#unansweredSince >= UNANSWERED_MS
  }

  /** Returns whether a keepalive is due, and takes note that it is being sent. */
  takeKeepalive(now: Instant): boolean {
    if (now < this.#keepaliveDueAt) return false
    this.#keepaliveDueAt = Infinity
    return true
  }
}

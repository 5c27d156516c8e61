/** When to try all paths again: often at first, ever more rarely, never not at all. */
import type { Instant, Random } from '@ipop/runtime'
import {
  SEARCH_INTERVAL_DIRECT_MAX_MS,
  SEARCH_INTERVAL_MAX_MS,
  SEARCH_INTERVAL_MIN_MS,
} from '../limits.ts'

/** Rounds are spread by this share, so that the channels of a node do not search in step. */
const JITTER_SHARE = 0.1

/** A path on which the peer is active but we are not is checked against ours at most this often. */
export const MISMATCH_CHECK_MS = 1_000

/** A search that the peer announced is joined unless one was made this recently. */
export const SEARCH_JOIN_MS = 1_000

/** Endpoints known already cause a new search when the last round was longer ago. */
export const SEARCH_AGAIN_MS = 4_000

/** With a direct path found, the other candidates are no longer urgent. */
const CALM_INTERVAL_MS = 4_000

/** Schedules rounds of the search for better paths. */
export class PathSearch {
  readonly #random: Random
  #intervalMs = SEARCH_INTERVAL_MIN_MS
  #nextAt: Instant = Number.POSITIVE_INFINITY

  constructor({ random }: { random: Random }) {
    this.#random = random
  }

  /** Starts over with a round at `now`. */
  restart(now: Instant): void {
    this.#intervalMs = SEARCH_INTERVAL_MIN_MS
    this.#nextAt = now
  }

  /** Slows down because a direct path was found. */
  calm(): void {
    this.#intervalMs = Math.max(this.#intervalMs, CALM_INTERVAL_MS)
  }

  /** Returns when the next round is due. */
  pollTimeout(): Instant {
    return this.#nextAt
  }

  /** Returns whether a round is due, and schedules the one after it. */
  handleTimeout(now: Instant, { isDirect }: { isDirect: boolean }): boolean {
    if (now < this.#nextAt) return false
    const max = isDirect ? SEARCH_INTERVAL_DIRECT_MAX_MS : SEARCH_INTERVAL_MAX_MS
    this.#intervalMs = Math.min(this.#intervalMs, max)
    const jitter = 1 + JITTER_SHARE * (2 * this.#random.float() - 1)
    this.#nextAt = now + this.#intervalMs * jitter
    this.#intervalMs = Math.min(this.#intervalMs * 2, max)
    return true
  }
}

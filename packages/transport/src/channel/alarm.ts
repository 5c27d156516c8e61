/** One runtime timer that is always armed for the earliest wish. */
import type { Instant, TimerHandle, Timers } from '@ipop/runtime'

/** Calls `fire` at the earliest instant asked for since it last fired. */
export class Alarm {
  readonly #timers: Timers
  readonly #reason: string
  readonly #fire: (now: Instant) => void
  #handle: TimerHandle | undefined
  #at: Instant = Number.POSITIVE_INFINITY

  constructor({ timers }: { timers: Timers }, reason: string, fire: (now: Instant) => void) {
    this.#timers = timers
    this.#reason = reason
    this.#fire = fire
  }

  /** Asks for a call at `at` or earlier. */
  wake(at: Instant): void {
    if (at >= this.#at) return
    this.#handle?.cancel()
    this.#at = at
    this.#handle = this.#timers.at(at, this.#reason, (now) => {
      this.#handle = undefined
      this.#at = Number.POSITIVE_INFINITY
      this.#fire(now)
    })
  }

  /** Disarms. */
  cancel(): void {
    this.#handle?.cancel()
    this.#handle = undefined
    this.#at = Number.POSITIVE_INFINITY
  }
}

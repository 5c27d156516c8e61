/** The one timer of a machine, armed anew after every change. */
import type { Instant, TimerHandle, Timers } from '@ipop/runtime'

/** When a machine wants to be woken, and why. */
export interface Wakeup {
  readonly at: Instant
  readonly reason: string
}

/** Keeps at most one timer armed. */
export class WakeupTimer {
  readonly #timers: Timers
  #handle: TimerHandle | undefined
  #armedAt = Number.POSITIVE_INFINITY

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Arms for `wakeup`, instead of what was armed before; nothing happens when both are the same instant. */
  arm(wakeup: Wakeup | undefined, fire: (now: Instant) => void): void {
    const at = wakeup?.at ?? Number.POSITIVE_INFINITY
    if (at === this.#armedAt) return
    this.cancel()
    if (wakeup === undefined || at === Number.POSITIVE_INFINITY) return
    this.#armedAt = at
    this.#handle = this.#timers.at(at, wakeup.reason, (now) => {
      this.#handle = undefined
      this.#armedAt = Number.POSITIVE_INFINITY
      fire(now)
    })
  }

  /** Disarms. */
  cancel(): void {
    this.#handle?.cancel()
    this.#handle = undefined
    this.#armedAt = Number.POSITIVE_INFINITY
  }
}

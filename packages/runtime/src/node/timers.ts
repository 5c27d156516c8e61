/** Timers on Node's event loop. */
import { TIMER_DELAY_MAX_MS } from '../limits.ts'
import type { Clock, Instant, TimerHandle, Timers } from '../ports/clock.ts'

/** Choices for the timers of one runtime. */
export interface NodeTimersOptions {
  /** Whether armed timers let the process end; off by default. */
  readonly unref?: boolean
}

/** Returns timers that read `clock`. */
export function createNodeTimers(clock: Clock, options: NodeTimersOptions = {}): Timers {
  const unref = options.unref ?? false
  return {
    at: (when, _reason, fire) => {
      const timer = new NodeTimer(clock, { when, fire, unref })
      timer.arm()
      return timer
    },
  }
}

/** One armed timer; arms itself again while its instant is further away than Node can count. */
class NodeTimer implements TimerHandle {
  readonly #clock: Clock
  readonly #when: Instant
  readonly #unref: boolean
  readonly #fire: (now: Instant) => void
  #timeout: NodeJS.Timeout | undefined

  constructor(
    clock: Clock,
    options: { when: Instant; unref: boolean; fire: (now: Instant) => void },
  ) {
    this.#clock = clock
    this.#when = options.when
    this.#unref = options.unref
    this.#fire = options.fire
  }

  /** Starts or continues the wait. */
  arm(): void {
    const delay = Math.ceil(this.#when - this.#clock.now())
    // Node turns delays beyond its maximum into 1 ms.
    const bounded = Math.min(Math.max(delay, 0), TIMER_DELAY_MAX_MS)
    this.#timeout = setTimeout(() => this.#expire(), bounded)
    if (this.#unref) this.#timeout.unref()
  }

  cancel(): void {
    clearTimeout(this.#timeout)
    this.#timeout = undefined
  }

  #expire(): void {
    const now = this.#clock.now()
    // Node counts in whole milliseconds of a cached clock and may be early by a fraction of one.
    if (now < this.#when) return this.arm()
    this.#timeout = undefined
    this.#fire(now)
  }
}

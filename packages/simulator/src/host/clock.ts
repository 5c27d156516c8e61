/** Clock and timers of one process. */
import type { Clock, TimerHandle, Timers } from '@ipop/runtime'
import { WALL_EPOCH_MS } from '../limits.ts'
import type { SimEvent } from '../world/event-queue.ts'
import type { Process } from './process.ts'

/** A host's clock: the world's time, and a calendar that may be wrong. */
export class HostClock implements Clock {
  /** How far the calendar is ahead of the world's. */
  skewMs = 0
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  now(): number {
    return this.#now()
  }

  wallTimeMs(): number {
    return WALL_EPOCH_MS + this.#now() + this.skewMs
  }
}

/** Timers that die with their process. */
export class ProcessTimers implements Timers {
  readonly #process: Process
  readonly #countFired: (reason: string) => void

  /** `countFired` is told the reason of every timer that fires. */
  constructor(process: Process, countFired: (reason: string) => void) {
    this.#process = process
    this.#countFired = countFired
  }

  at(when: number, reason: string, fire: (now: number) => void): TimerHandle {
    const timer = new ProcessTimer(this.#process, this.#countFired, reason, fire)
    return this.#process.isAlive ? this.#process.add(when, timer) : timer
  }
}

/** One timer: event and handle in one object, since most of what waits in a large world is timers. */
class ProcessTimer implements SimEvent, TimerHandle {
  at = 0
  sequence = 0
  index = -1
  #isCancelled = false
  readonly #process: Process
  readonly #countFired: (reason: string) => void
  readonly #reason: string
  readonly #fire: (now: number) => void

  constructor(
    process: Process,
    countFired: (reason: string) => void,
    reason: string,
    fire: (now: number) => void,
  ) {
    this.#process = process
    this.#countFired = countFired
    this.#reason = reason
    this.#fire = fire
  }

  run(now: number): void {
    this.#process.enter(now, (then) => {
      if (this.#isCancelled) return
      this.#countFired(this.#reason)
      this.#fire(then)
    })
  }

  cancel(): void {
    this.#isCancelled = true
    this.#process.cancel(this)
  }
}

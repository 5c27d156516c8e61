/** Clock and timers of one process. */
import type { Clock, TimerHandle, Timers } from '@ipop/runtime'
import { WALL_EPOCH_MS } from '../limits.ts'
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
    let isCancelled = !this.#process.isAlive
    const event = isCancelled
      ? undefined
      : this.#process.schedule(when, (now) => {
          if (isCancelled) return
          this.#countFired(reason)
          fire(now)
        })
    return {
      cancel: () => {
        isCancelled = true
        if (event !== undefined) this.#process.cancel(event)
      },
    }
  }
}

/** Virtual time for tests: a clock and timers that move only when told. */
import type { Clock, Instant, TimerHandle, Timers } from '@ipop/runtime'

interface Armed {
  readonly when: Instant
  readonly order: number
  readonly fire: (now: Instant) => void
}

/** A clock and its timers. */
export class FakeTime {
  #now = 0
  #order = 0
  readonly #armed = new Set<Armed>()

  readonly clock: Clock = { now: () => this.#now, wallTimeMs: () => 1_700_000_000_000 + this.#now }

  readonly timers: Timers = {
    at: (when, _reason, fire): TimerHandle => {
      const armed: Armed = { when: Math.max(when, this.#now), order: (this.#order += 1), fire }
      this.#armed.add(armed)
      return { cancel: () => this.#armed.delete(armed) }
    },
  }

  get now(): Instant {
    return this.#now
  }

  /** Resolves after `ms`, in virtual time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.timers.at(this.#now + ms, 'sleep', () => resolve()))
  }

  /** Fires everything due in the next `ms`. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms
    for (;;) {
      await settle()
      const next = this.#next()
      if (next === undefined || next.when > target) break
      this.#armed.delete(next)
      this.#now = Math.max(this.#now, next.when)
      next.fire(this.#now)
    }
    this.#now = target
  }

  /** Advances in small steps until `condition` holds; fails after `limitMs`. */
  async until(condition: () => boolean, limitMs: number, stepMs = 50): Promise<void> {
    const end = this.#now + limitMs
    while (!condition()) {
      if (this.#now >= end) throw new Error(`condition not reached within ${limitMs} ms`)
      await this.advance(stepMs)
    }
  }

  #next(): Armed | undefined {
    let best: Armed | undefined
    for (const armed of this.#armed) {
      if (best === undefined || armed.when < best.when) best = armed
      else if (armed.when === best.when && armed.order < best.order) best = armed
    }
    return best
  }
}

/** Lets all promise callbacks run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

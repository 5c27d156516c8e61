/** Time and chance for tests: timers fire when the test says so. */
import { silentLog, type Random, type TimerHandle } from '@ipop/runtime'

/** A runtime whose clock moves by hand. */
export class FakeRuntime {
  readonly log = silentLog
  #now = 0
  #timers: { at: number; fire: (now: number) => void }[] = []
  readonly clock = { now: () => this.#now, wallTimeMs: () => 1_700_000_000_000 + this.#now }
  readonly timers = {
    at: (at: number, _reason: string, fire: (now: number) => void): TimerHandle => {
      const timer = { at, fire }
      this.#timers.push(timer)
      return { cancel: () => (this.#timers = this.#timers.filter((each) => each !== timer)) }
    },
  }
  readonly random: Random = countingRandom()

  /** Moves the clock and fires what is due. */
  async advance(ms: number): Promise<void> {
    this.#now += ms
    const due = this.#timers.filter(({ at }) => at <= this.#now)
    this.#timers = this.#timers.filter(({ at }) => at > this.#now)
    for (const { fire } of due) fire(this.#now)
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** The number of armed timers. */
  get armed(): number {
    return this.#timers.length
  }
}

function countingRandom(): Random {
  let next = 0
  const random: Random = {
    bytes: (length) => Uint8Array.from({ length }, () => next++ % 251),
    uint32: () => next++,
    float: () => 0.5,
    below: (limit) => next++ % limit,
    fork: () => random,
  }
  return random
}

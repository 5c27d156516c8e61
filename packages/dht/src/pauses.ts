/** Waiting, in a way that ends at once when the DHT leaves. */
import type { Clock, TimerHandle, Timers } from '@ipop/runtime'

/** Hands out pauses and ends all of them on `close`. */
export class Pauses {
  readonly #timers: Timers
  readonly #clock: Pick<Clock, 'now'>
  readonly #pending = new Map<(elapsed: boolean) => void, TimerHandle>()
  #isClosed = false

  constructor(modules: { timers: Timers; clock: Pick<Clock, 'now'> }) {
    this.#timers = modules.timers
    this.#clock = modules.clock
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Resolves to true after `delayMs`, to false as soon as everything ends. */
  pause(delayMs: number, reason: string): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#isClosed) return resolve(false)
      const handle = this.#timers.at(this.#clock.now() + delayMs, reason, () => {
        this.#pending.delete(resolve)
        resolve(true)
      })
      this.#pending.set(resolve, handle)
    })
  }

  /** Ends all pauses, now and later. */
  close(): void {
    this.#isClosed = true
    const pending = [...this.#pending]
    this.#pending.clear()
    for (const [resolve, handle] of pending) {
      handle.cancel()
      resolve(false)
    }
  }
}

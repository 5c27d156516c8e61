/** Lets work on one key happen one after the other: a late withdrawal must not meet the next create of the same node. */

/** Queues work by name. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs `work` after everything queued under `name` before; its outcome is the result's. */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name)
    const turn = before ? before.then(work, work) : work()
    this.#last.set(name, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(name) === turn) this.#last.delete(name)
    }
  }
}

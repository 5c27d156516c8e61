/** Keeps datagrams that arrive while another one is being handled until that is done. */
import { REENTRANT_QUEUE_MAX } from '../limits.ts'

/** Runs tasks one after the other; a task that starts during another one waits, within a cap. */
export class ReentrancyGuard<T> {
  readonly #handle: (item: T) => void
  #queue: T[] = []
  #isBusy = false

  constructor(handle: (item: T) => void) {
    this.#handle = handle
  }

  /** Whether something is being handled. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** Handles `item` and whatever was deferred meanwhile. Only while not busy. */
  run(item: T): void {
    this.#isBusy = true
    try {
      this.#handle(item)
      while (this.#queue.length > 0) {
        const batch = this.#queue
        this.#queue = []
        for (const deferred of batch) this.#handle(deferred)
      }
    } finally {
      this.#isBusy = false
    }
  }

  /** Keeps `ownedItem` for later; returns false when the queue is full. */
  defer(ownedItem: T): boolean {
    if (this.#queue.length >= REENTRANT_QUEUE_MAX) return false
    this.#queue.push(ownedItem)
    return true
  }
}

/** Keeps the newest items of a sequence. */

/** A buffer of fixed capacity that overwrites its oldest item. */
export class RingBuffer<T> {
  readonly #capacity: number
  readonly #items: T[] = []
  #start = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Adds an item. */
  push(item: T): void {
    if (this.#items.length < this.#capacity) {
      this.#items.push(item)
      return
    }
    this.#items[this.#start] = item
    this.#start = (this.#start + 1) % this.#capacity
  }

  /** Returns the items, oldest first. */
  toArray(): T[] {
    return [...this.#items.slice(this.#start), ...this.#items.slice(0, this.#start)]
  }
}

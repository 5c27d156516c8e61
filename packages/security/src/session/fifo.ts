/** A bounded first-in first-out queue. */

/** Keeps at most `max` items; refuses more. */
export class Fifo<T> {
  /** Items refused so far. */
  refusedCount = 0
  readonly #max: number
  #items: T[] = []
  #head = 0

  constructor(max: number) {
    this.#max = max
  }

  /** How many items wait. */
  get length(): number {
    return this.#items.length - this.#head
  }

  /** Adds `item`; returns whether there was room. */
  push(item: T): boolean {
    if (this.length >= this.#max) {
      this.refusedCount += 1
      return false
    }
    this.#items.push(item)
    return true
  }

  /** Takes the oldest item. */
  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    this.#head += 1
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    }
    return item
  }
}

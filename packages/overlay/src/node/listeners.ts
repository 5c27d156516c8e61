/** A set of callbacks that are called together. */
export class Listeners<A extends unknown[]> {
  readonly #all = new Set<(...args: A) => void>()

  /** Adds a callback; returns how to remove it. */
  add(listener: (...args: A) => void): () => void {
    this.#all.add(listener)
    return () => this.#all.delete(listener)
  }

  /** Calls every callback. */
  call(...args: A): void {
    for (const listener of this.#all) listener(...args)
  }
}

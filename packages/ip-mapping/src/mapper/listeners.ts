/** A list of callbacks. */

/** Calls everybody who wants to know. */
export class Listeners<Args extends unknown[]> {
  readonly #listeners = new Set<(...args: Args) => void>()

  /** Adds a listener; returns what removes it. */
  add(listener: (...args: Args) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls all listeners. */
  emit(...args: Args): void {
    for (const listener of [...this.#listeners]) listener(...args)
  }
}

/** Runs `task` as a microtask: after the present callback, before the next one. */
export function runAfterThisCallback(task: () => void): void {
  void Promise.resolve().then(task)
}

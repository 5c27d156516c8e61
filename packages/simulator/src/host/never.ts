/** The answer of a dead process: none. */

/** Returns a promise that never settles, as nothing that a dead process asked for ever happens. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined)
}

/** Chance as protocol code sees it: an injected generator, forked per component. */

/** A source of random values. The simulator's is seeded, so that a run can be repeated. */
export interface Random {
  /** Returns `length` fresh random bytes. */
  bytes(length: number): Uint8Array
  /** Returns an integer from 0 to 2^32 - 1. */
  uint32(): number
  /** Returns a number from 0 (included) to 1 (excluded). */
  float(): number
  /** Returns an integer from 0 to `limit` - 1. */
  below(limit: number): number
  /** Returns an independent generator for the component named `label`. */
  fork(label: string): Random
}

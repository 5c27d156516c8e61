/** Random receiver indexes, so that an outsider cannot guess or count them. */
import type { Random } from '@ipop/runtime'
import { SecurityError } from '../errors.ts'
import { INDEXES_MAX } from '../limits.ts'
import type { IndexAllocator } from './session-types.ts'

/** The allocator for the nodes of one port. */
export class RandomIndexAllocator implements IndexAllocator {
  readonly #random: Random
  readonly #held = new Set<number>()

  constructor(modules: { readonly random: Random }) {
    this.#random = modules.random
  }

  /** Returns an index that nobody holds; never zero. */
  allocate(): number {
    if (this.#held.size >= INDEXES_MAX) {
      throw new SecurityError('INDEXES_EXHAUSTED', `${this.#held.size} receiver indexes are held`)
    }
    let index = this.#random.uint32()
    while (index === 0 || this.#held.has(index)) index = this.#random.uint32()
    this.#held.add(index)
    return index
  }

  /** Takes an index back. */
  release(index: number): void {
    this.#held.delete(index)
  }
}

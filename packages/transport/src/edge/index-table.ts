/** The receiver indices of all nodes behind one port: who owns which. */
import type { Random } from '@ipop/runtime'
import type { IndexAllocator } from '@ipop/security'
import { TransportError } from '../errors.ts'
import { INDEXES_MAX } from '../limits.ts'

/** Hands out receiver indices that are unique among its owners, and finds the owner of one. */
export class IndexTable {
  readonly #owners = new Map<number, object>()
  readonly #random: Random
  readonly #max: number

  constructor({ random }: { random: Random }, max: number = INDEXES_MAX) {
    this.#random = random
    this.#max = max
  }

  /** Counts the indices in use. */
  get size(): number {
    return this.#owners.size
  }

  /** Returns the allocator through which `owner` takes and returns indices. */
  allocatorFor(owner: object): IndexAllocator {
    return {
      allocate: () => this.#allocate(owner),
      release: (index) => {
        if (this.#owners.get(index) === owner) this.#owners.delete(index)
      },
    }
  }

  /** Returns the owner of `index`. */
  ownerOf(index: number): object | undefined {
    return this.#owners.get(index)
  }

  #allocate(owner: object): number {
    if (this.#owners.size >= this.#max) throw new TransportError({ code: 'TRANSPORT_INDEXES_FULL' })
    for (;;) {
      const index = this.#random.uint32()
      if (index === 0 || this.#owners.has(index)) continue
      this.#owners.set(index, owner)
      return index
    }
  }
}

/** Chance from the system's generator. */
import { randomBytes, randomFillSync } from 'node:crypto'
import { RANDOM_POOL_BYTES } from '../limits.ts'
import type { Random } from '../ports/random.ts'

/** Returns a source of values fit for keys. Forks return the source itself: nothing can be repeated anyway. */
export function createNodeRandom(): Random {
  return new NodeRandom()
}

/** Serves numbers from a pool and longer byte ranges directly. */
class NodeRandom implements Random {
  readonly #pool = new DataView(new ArrayBuffer(RANDOM_POOL_BYTES))
  #used = RANDOM_POOL_BYTES

  bytes(length: number): Uint8Array {
    return new Uint8Array(randomBytes(length))
  }

  uint32(): number {
    if (this.#used >= RANDOM_POOL_BYTES) {
      randomFillSync(this.#pool)
      this.#used = 0
    }
    const value = this.#pool.getUint32(this.#used)
    // A value that was handed out does not stay in memory.
    this.#pool.setUint32(this.#used, 0)
    this.#used += 4
    return value
  }

  float(): number {
    return ((this.uint32() >>> 5) * 0x400_0000 + (this.uint32() >>> 6)) / 0x20_0000_0000_0000
  }

  below(limit: number): number {
    if (!Number.isInteger(limit) || limit < 1 || limit > 0x1_0000_0000) {
      throw new RangeError(`cannot draw below ${limit}`)
    }
    // Values of the last, incomplete group are drawn again, so that every result is equally likely.
    const unbiased = 0x1_0000_0000 - (0x1_0000_0000 % limit)
    for (;;) {
      const value = this.uint32()
      if (value < unbiased) return value % limit
    }
  }

  fork(): Random {
    return this
  }
}

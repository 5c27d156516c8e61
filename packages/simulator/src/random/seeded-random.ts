/** Seeded random generator (xoshiro128**) that splits by label. */
import { createHash } from 'node:crypto'
import type { Random } from '@ipop/runtime'

/** A generator whose whole output follows from its seed. Never use it outside of simulations. */
export class SeededRandom implements Random {
  readonly #path: string
  readonly #forks = new Map<string, number>()
  #a: number
  #b: number
  #c: number
  #d: number

  /** The seed may be any text or number; forks extend it to a path. */
  constructor(seed: number | string) {
    this.#path = String(seed)
    const digest = createHash('sha256').update(`ipop-simulator/${this.#path}`).digest()
    this.#a = digest.readUInt32LE(0)
    this.#b = digest.readUInt32LE(4)
    this.#c = digest.readUInt32LE(8)
    this.#d = digest.readUInt32LE(12) | 1
  }

  uint32(): number {
    const scrambled = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotateLeft(this.#d, 11)
    return scrambled
  }

  float(): number {
    return ((this.uint32() >>> 5) * 67_108_864 + (this.uint32() >>> 6)) / 9_007_199_254_740_992
  }

  below(limit: number): number {
    return Math.floor(this.float() * limit)
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    const whole = length - (length % 4)
    for (let i = 0; i < whole; i += 4) {
      const word = this.uint32()
      bytes[i] = word
      bytes[i + 1] = word >>> 8
      bytes[i + 2] = word >>> 16
      bytes[i + 3] = word >>> 24
    }
    if (whole < length) {
      const word = this.uint32()
      for (let i = whole; i < length; i++) bytes[i] = word >>> (8 * (i - whole))
    }
    return bytes
  }

  /**
   * Returns the generator for `label`. It depends on the seed and the label only, not on what was drawn or
   * forked before; the second fork of one label is a different generator from the first.
   */
  fork(label: string): SeededRandom {
    const nth = (this.#forks.get(label) ?? 0) + 1
    this.#forks.set(label, nth)
    return new SeededRandom(`${this.#path}/${label.length}:${label}${nth > 1 ? `#${nth}` : ''}`)
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}

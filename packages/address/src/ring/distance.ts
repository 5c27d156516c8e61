/** How far apart two positions of the ring are, to the left, to the right, or the shorter way. */
import type { Address } from '../address/address.ts'
import {
  compareWords,
  foldWords,
  isZeroWords,
  subtractFields,
  wordsToBytes,
  type Words,
} from '../address/words.ts'

/** A length along the ring: 160 bits, unsigned. */
export class Distance {
  /** The number as five 32-bit words, most significant first. Not to be modified. */
  readonly words: Words

  constructor(ownedWords: Words) {
    this.words = ownedWords
  }

  /** The 20 bytes, most significant first. */
  get bytes(): Uint8Array {
    return wordsToBytes(this.words)
  }

  /** Compares two lengths: -1, 0 or 1. */
  compare(other: Distance): -1 | 0 | 1 {
    return compareWords(this.words, other.words)
  }

  /** Returns whether both lengths are the same. */
  equals(other: Distance): boolean {
    return compareWords(this.words, other.words) === 0
  }

  /** Returns whether the length is zero. */
  isZero(): boolean {
    return isZeroWords(this.words)
  }

  /** Returns the length as a share of the whole ring, 0 to 1, rounded to the precision of a number. */
  toFraction(): number {
    return fractionOf(this.words)
  }
}

/** Returns the length of the way left (clockwise, increasing) from `from` to `to`. */
export function leftDistance(from: Address, to: Address): Distance {
  return new Distance(subtractFields(to, from, new Uint32Array(5)))
}

/** Returns the length of the way right (counter-clockwise, decreasing) from `from` to `to`. */
export function rightDistance(from: Address, to: Address): Distance {
  return new Distance(subtractFields(from, to, new Uint32Array(5)))
}

/** Returns the length of the shorter way between two positions; at most half the ring. */
export function distance(a: Address, b: Address): Distance {
  return new Distance(foldWords(subtractFields(a, b, new Uint32Array(5))))
}

/** Returns the length of the way left as a share of the whole ring: for those who need no more of it. */
export function leftFraction(from: Address, to: Address): number {
  return fractionOf(subtractFields(to, from, scratch))
}

/** Returns the length of the way right as a share of the whole ring. */
export function rightFraction(from: Address, to: Address): number {
  return fractionOf(subtractFields(from, to, scratch))
}

const scratch = new Uint32Array(5)

function fractionOf(words: Words): number {
  let fraction = 0
  for (let i = words.length - 1; i >= 0; i--)
    fraction = (fraction + (words[i] as number)) / 0x1_0000_0000
  return fraction
}

/** Unsigned 160-bit arithmetic on five 32-bit words, most significant first. Everything wraps at 2^160. */

/** A 160-bit number as five 32-bit words, most significant first. Never modified once it is handed out. */
export type Words = Uint32Array

/** The same as fields: signed words, which engines keep in place, while an array of five costs 200 bytes. */
export interface WordFields {
  readonly w0: number
  readonly w1: number
  readonly w2: number
  readonly w3: number
  readonly w4: number
}

const WORDS = 5

/** Returns the number in fields as words. */
export function wordsOf({ w0, w1, w2, w3, w4 }: WordFields): Words {
  return Uint32Array.of(w0, w1, w2, w3, w4)
}

/** Returns the 20 bytes of a number, most significant byte first. */
export function wordsToBytes(words: Words): Uint8Array {
  const bytes = new Uint8Array(WORDS * 4)
  // Not by a DataView: that would take the bytes out of the engine's heap.
  for (let at = 0; at < bytes.length; at++)
    bytes[at] = (words[at >> 2] ?? 0) >>> (24 - 8 * (at & 3))
  return bytes
}

/** Returns the 20 bytes of a number in fields, most significant byte first. */
export function fieldsToBytes({ w0, w1, w2, w3, w4 }: WordFields): Uint8Array {
  const bytes = new Uint8Array(WORDS * 4)
  writeWord(bytes, 0, w0)
  writeWord(bytes, 4, w1)
  writeWord(bytes, 8, w2)
  writeWord(bytes, 12, w3)
  writeWord(bytes, 16, w4)
  return bytes
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24
  bytes[at + 1] = word >>> 16
  bytes[at + 2] = word >>> 8
  bytes[at + 3] = word
}

/** Compares two numbers: -1, 0 or 1. */
export function compareWords(left: Words, right: Words): -1 | 0 | 1 {
  for (let i = 0; i < WORDS; i++) {
    const l = left[i] ?? 0
    const r = right[i] ?? 0
    if (l !== r) return l < r ? -1 : 1
  }
  return 0
}

/** Compares two numbers in fields: -1, 0 or 1. */
export function compareFields(left: WordFields, right: WordFields): -1 | 0 | 1 {
  if (left.w0 !== right.w0) return compareSigned(left.w0, right.w0)
  if (left.w1 !== right.w1) return compareSigned(left.w1, right.w1)
  if (left.w2 !== right.w2) return compareSigned(left.w2, right.w2)
  if (left.w3 !== right.w3) return compareSigned(left.w3, right.w3)
  return left.w4 === right.w4 ? 0 : compareSigned(left.w4, right.w4)
}

function compareSigned(left: number, right: number): -1 | 1 {
  return left >>> 0 < right >>> 0 ? -1 : 1
}

/** Writes left - right into `difference` and returns it. */
export function subtractFields(left: WordFields, right: WordFields, difference: Words): Words {
  let digit = (left.w4 >>> 0) - (right.w4 >>> 0)
  difference[4] = digit
  digit = (left.w3 >>> 0) - (right.w3 >>> 0) - (digit < 0 ? 1 : 0)
  difference[3] = digit
  digit = (left.w2 >>> 0) - (right.w2 >>> 0) - (digit < 0 ? 1 : 0)
  difference[2] = digit
  digit = (left.w1 >>> 0) - (right.w1 >>> 0) - (digit < 0 ? 1 : 0)
  difference[1] = digit
  difference[0] = (left.w0 >>> 0) - (right.w0 >>> 0) - (digit < 0 ? 1 : 0)
  return difference
}

/** Writes left + right into `sum` and returns it. */
export function addWords(left: Words, right: Words, sum: Words = new Uint32Array(WORDS)): Words {
  let carry = 0
  for (let i = WORDS - 1; i >= 0; i--) {
    const digit = (left[i] ?? 0) + (right[i] ?? 0) + carry
    sum[i] = digit
    carry = digit > 0xffff_ffff ? 1 : 0
  }
  return sum
}

/** Writes left - right into `difference` and returns it. */
export function subtractWords(
  left: Words,
  right: Words,
  difference: Words = new Uint32Array(WORDS),
): Words {
  let borrow = 0
  for (let i = WORDS - 1; i >= 0; i--) {
    const digit = (left[i] ?? 0) - (right[i] ?? 0) - borrow
    difference[i] = digit
    borrow = digit < 0 ? 1 : 0
  }
  return difference
}

/** Replaces `words` by 2^160 - words when that is the smaller of the two, and returns it. */
export function foldWords(words: Words): Words {
  return (words[0] ?? 0) < 0x8000_0000 ? words : subtractWords(ZERO_WORDS, words, words)
}

/** Returns whether the number is zero. */
export function isZeroWords(words: Words): boolean {
  return words.every((word) => word === 0)
}

/** Returns floor(numerator * 2^160 / denominator) mod 2^160; integers, denominator from 1 to 2^32. */
export function fractionWords(numerator: number, denominator: number): Words {
  const words = new Uint32Array(WORDS)
  let rest = numerator % denominator
  if (rest < 0) rest += denominator
  // Long division in digits of 16 bits: rest * 2^16 stays below 2^53 and therefore exact.
  for (let i = 0; i < WORDS; i++) {
    const high = Math.floor((rest * 0x1_0000) / denominator)
    rest = (rest * 0x1_0000) % denominator
    const low = Math.floor((rest * 0x1_0000) / denominator)
    rest = (rest * 0x1_0000) % denominator
    words[i] = high * 0x1_0000 + low
  }
  return words
}

/** Returns floor(fraction * 2^160) for a fraction from 0 (included) to 1 (excluded); exact. */
export function wordsFromFraction(fraction: number): Words {
  const words = new Uint32Array(WORDS)
  let rest = fraction
  for (let i = 0; i < WORDS; i++) {
    rest *= 0x1_0000_0000
    const digit = Math.floor(rest)
    words[i] = digit
    rest -= digit
  }
  return words
}

const ZERO_WORDS: Words = new Uint32Array(WORDS)

/** A position on the ring: 160 bits, compared as an unsigned number, written as base32. */
import { decodeBase32, encodeBase32, Malformed } from '@ipop/codec'
import { ADDRESS_BYTES, ADDRESS_TEXT_MAX } from '../limits.ts'
import {
  compareFields,
  fieldsToBytes,
  wordsOf,
  wordsToBytes,
  type WordFields,
  type Words,
} from './words.ts'

const TEXT_PREFIX = 'brunet:node:'

/** What a new address is drawn from. */
export interface RandomBytes {
  /** Returns `length` fresh random bytes. */
  bytes(length: number): Uint8Array
}

/** An immutable ring address. Use `key` wherever addresses key a map. */
export class Address implements WordFields {
  /** The address 0. */
  static readonly zero: Address = new Address(new Uint8Array(ADDRESS_BYTES), 0)

  /** The number as five signed 32-bit words, most significant first. */
  readonly w0: number
  readonly w1: number
  readonly w2: number
  readonly w3: number
  readonly w4: number
  #bytes: Uint8Array | undefined
  #key: string | undefined

  private constructor(bytes: Uint8Array, at: number) {
    this.w0 = readWord(bytes, at)
    this.w1 = readWord(bytes, at + 4)
    this.w2 = readWord(bytes, at + 8)
    this.w3 = readWord(bytes, at + 12)
    this.w4 = readWord(bytes, at + 16)
  }

  /** Returns the address with these 20 bytes (copied); any other length is a bug of the caller. */
  static fromBytes(bytes: Uint8Array): Address {
    if (bytes.length !== ADDRESS_BYTES) {
      throw new RangeError(`an address has ${ADDRESS_BYTES} bytes, not ${bytes.length}`)
    }
    return new Address(bytes, 0)
  }

  /** Returns the address with the 20 bytes at `offset` of a longer array, which must hold them. */
  static at(bytes: Uint8Array, offset: number): Address {
    if (!(offset >= 0 && offset + ADDRESS_BYTES <= bytes.length)) {
      throw new RangeError(`no ${ADDRESS_BYTES} bytes at ${offset} of ${bytes.length}`)
    }
    return new Address(bytes, offset)
  }

  /** Returns the address with these words. */
  static fromWords(words: Words): Address {
    return new Address(wordsToBytes(words), 0)
  }

  /** Reads `brunet:node:` and 32 base32 letters; either case, `urn:` in front and `=` behind are tolerated. */
  static parse(text: string): Address | Malformed {
    if (text.length > ADDRESS_TEXT_MAX) return new Malformed('address text is too long')
    const match = /^(?:urn:)?brunet:node:([a-z2-7]{32})(=*)$/i.exec(text)
    if (match?.[1] === undefined) {
      return new Malformed(`address text is not ${TEXT_PREFIX} and 32 base32 letters`)
    }
    const bytes = decodeBase32(match[1])
    return bytes instanceof Malformed ? bytes : new Address(bytes, 0)
  }

  /** Returns a random node address (class 0). */
  static random(random: RandomBytes): Address {
    const bytes = new Uint8Array(random.bytes(ADDRESS_BYTES))
    bytes[ADDRESS_BYTES - 1] = (bytes[ADDRESS_BYTES - 1] ?? 0) & 0xfe
    return new Address(bytes, 0)
  }

  /** The 20 bytes, most significant first, made once. Not to be modified. */
  get bytes(): Uint8Array {
    this.#bytes ??= fieldsToBytes(this)
    return this.#bytes
  }

  /** The number as five 32-bit words, most significant first. */
  get words(): Words {
    return wordsOf(this)
  }

  /** The 32 base32 letters: equal for equal addresses, made once. Not in ring order. */
  get key(): string {
    this.#key ??= encodeBase32(this.#bytes ?? fieldsToBytes(this))
    return this.#key
  }

  /** Returns the text form, `brunet:node:` and 32 letters. */
  toString(): string {
    return TEXT_PREFIX + this.key
  }

  /** Returns the text form, so that addresses read well in logs. */
  toJSON(): string {
    return this.toString()
  }

  /** Returns whether both are the same position. */
  equals(other: Address): boolean {
    return this === other || compareFields(this, other) === 0
  }

  /** Compares as unsigned numbers: -1, 0 or 1. */
  compare(other: Address): -1 | 0 | 1 {
    return compareFields(this, other)
  }

  /** Returns the number of consecutive one bits at the low end; node addresses are of class 0. */
  addressClass(): number {
    let count = 0
    const { words } = this
    for (let i = words.length - 1; i >= 0; i--) {
      const zeros = ~(words[i] ?? 0)
      if (zeros !== 0) return count + 31 - Math.clz32(zeros & -zeros)
      count += 32
    }
    return count
  }
}

function readWord(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16)
  return high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
}

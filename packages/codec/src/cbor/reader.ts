/** Reads deterministic CBOR of the usual forms: the hot path of every message. What is rare or wrong is left to others. */
import { latin1Of } from '../bytes/bytes.ts'
import type { CborMap, CborValue } from './cbor.ts'
import {
  FALSE,
  MAJOR_ARRAY,
  MAJOR_BYTES,
  MAJOR_MAP,
  MAJOR_NEGATIVE,
  MAJOR_TEXT,
  MAJOR_UNSIGNED,
  NULL,
  TRUE,
} from './items.ts'

/** Caps of one reading. */
export interface ReaderLimits {
  readonly depthMax: number
  readonly itemsMax: number
}

/** Stands for everything that this reader does not judge. */
const UNUSUAL = Symbol('unusual')

/** Reads one message at a time; not to be used from within itself. */
export class CborReader {
  #bytes: Uint8Array = new Uint8Array(0)
  /** A copy of the message, of which all byte strings are views: most are looked at and forgotten. */
  #own: Uint8Array | undefined
  #at = 0
  #itemsLeft = 0
  #depthMax = 0

  /**
   * Returns the value in `bytes`, or undefined where they are not the deterministic encoding of one made of integers below
   * 2^32 in size, ASCII text, byte strings, arrays, maps, booleans and null, or exceed the limits.
   */
  read(bytes: Uint8Array, { depthMax, itemsMax }: ReaderLimits): CborValue | undefined {
    this.#bytes = bytes
    this.#own = undefined
    this.#at = 0
    this.#itemsLeft = itemsMax
    this.#depthMax = depthMax
    try {
      const value = this.#value(0)
      return this.#at === bytes.length ? value : undefined
    } catch (error) {
      if (error === UNUSUAL) return undefined
      throw error
    } finally {
      this.#bytes = EMPTY
      this.#own = undefined
    }
  }

  #value(depth: number): CborValue {
    if (this.#itemsLeft-- <= 0) throw UNUSUAL
    const first = this.#byte()
    if (first === NULL) return null
    if (first === TRUE || first === FALSE) return first === TRUE
    const argument = this.#argument(first)
    switch (first >> 5) {
      case MAJOR_UNSIGNED:
        return argument
      case MAJOR_NEGATIVE:
        return -1 - argument
      case MAJOR_BYTES:
        return this.#byteString(argument)
      case MAJOR_TEXT:
        return this.#text(argument)
      case MAJOR_ARRAY:
        return this.#array(argument, depth + 1)
      case MAJOR_MAP:
        return this.#map(argument, depth + 1)
      default:
        throw UNUSUAL
    }
  }

  /** Reads the number in or after the first byte of an item, which must have the shortest form. */
  #argument(first: number): number {
    const short = first & 0x1f
    if (short < 24) return short
    if (short > 26) throw UNUSUAL
    const size = 1 << (short - 24)
    let argument = 0
    for (let i = 0; i < size; i++) argument = argument * 0x100 + this.#byte()
    const least = size === 1 ? 24 : size === 2 ? 0x100 : 0x1_0000
    if (argument < least) throw UNUSUAL
    return argument
  }

  #byteString(length: number): Uint8Array {
    const from = this.#skip(length)
    this.#own ??= new Uint8Array(this.#bytes)
    return this.#own.subarray(from, from + length)
  }

  #text(length: number): string {
    const from = this.#skip(length)
    for (let at = from; at < from + length; at++)
      if ((this.#bytes[at] as number) > 0x7f) throw UNUSUAL
    return latin1Of(this.#bytes.subarray(from, from + length))
  }

  #array(length: number, depth: number): CborValue[] {
    this.#enter(length, depth)
    const values: CborValue[] = []
    for (let i = 0; i < length; i++) values.push(this.#value(depth))
    return values
  }

  /** Keys must grow: shorter ones first, then by their letters. So none comes twice. */
  #map(length: number, depth: number): CborMap {
    this.#enter(length, depth)
    const map = Object.create(null) as Record<string, CborValue>
    let last: string | undefined
    for (let i = 0; i < length; i++) {
      const key = this.#value(depth)
      if (typeof key !== 'string') throw UNUSUAL
      const isNext =
        last === undefined || last.length < key.length || (last.length === key.length && last < key)
      if (!isNext) throw UNUSUAL
      map[key] = this.#value(depth)
      last = key
    }
    return map
  }

  #enter(length: number, depth: number): void {
    if (depth > this.#depthMax || length > this.#itemsLeft) throw UNUSUAL
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw UNUSUAL
    this.#at++
    return byte
  }

  #skip(length: number): number {
    const from = this.#at
    if (length > this.#bytes.length - from) throw UNUSUAL
    this.#at = from + length
    return from
  }
}

const EMPTY = new Uint8Array(0)

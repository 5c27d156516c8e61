/** Writes CBOR in its deterministic form (RFC 8949 section 4.2.1): the hot path of every message. */
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

/** A value as this encoder sees it; what has no form here goes to `other`. */
type OtherEncoder = (value: unknown) => Uint8Array

/** Up to this many keys are put in order by moving them. */
const KEYS_FEW = 16

/** Where encoding starts; most messages of the ring are shorter. */
const FIRST_CAPACITY = 2_048

/** Encodes one value at a time into a buffer that it keeps; not to be used from within itself. */
export class CborEncoder {
  readonly #other: OtherEncoder
  #bytes = new Uint8Array(FIRST_CAPACITY)
  #length = 0

  /** `other` encodes what is neither null, boolean, integer, ASCII text, bytes, array nor map, or throws. */
  constructor(other: OtherEncoder) {
    this.#other = other
  }

  /** Returns the encoding of `value` as a view of the encoder's buffer, which the next call overwrites. */
  encode(value: unknown): Uint8Array {
    this.#length = 0
    this.#value(value)
    return this.#bytes.subarray(0, this.#length)
  }

  #value(value: unknown): void {
    if (typeof value === 'string') return this.#text(value)
    if (typeof value === 'number' && Number.isSafeInteger(value)) return this.#integer(value)
    if (value === null) return this.#byte(NULL)
    if (typeof value === 'boolean') return this.#byte(value ? TRUE : FALSE)
    if (value instanceof Uint8Array) return this.#byteString(value)
    if (Array.isArray(value)) return this.#array(value)
    if (isPlainObject(value)) return this.#map(value)
    this.#append(this.#other(value))
  }

  #integer(value: number): void {
    if (value >= 0) this.#head(MAJOR_UNSIGNED, value)
    else this.#head(MAJOR_NEGATIVE, -1 - value)
  }

  #text(text: string): void {
    const start = this.#length
    this.#head(MAJOR_TEXT, text.length)
    this.#reserve(text.length)
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code > 0x7f) {
        this.#length = start
        return this.#append(this.#other(text))
      }
      this.#bytes[this.#length++] = code
    }
  }

  #byteString(bytes: Uint8Array): void {
    this.#head(MAJOR_BYTES, bytes.length)
    this.#append(bytes)
  }

  #array(values: readonly unknown[]): void {
    this.#head(MAJOR_ARRAY, values.length)
    for (let at = 0; at < values.length; at++) this.#value(values[at])
  }

  #map(map: Readonly<Record<string, unknown>>): void {
    const keys = Object.keys(map)
    // Shorter keys first, then byte by byte, which for ASCII is the order of the letters.
    if (!keys.every(isAscii)) return this.#append(this.#other(map))
    sortKeys(keys)
    this.#head(MAJOR_MAP, keys.length)
    for (const key of keys) {
      this.#text(key)
      this.#value(map[key])
    }
  }

  /** Writes a major type and its argument in the shortest form. */
  #head(major: number, argument: number): void {
    const first = major << 5
    if (argument < 24) return this.#byte(first | argument)
    if (argument < 0x100) return this.#number(first | 24, argument, 1)
    if (argument < 0x1_0000) return this.#number(first | 25, argument, 2)
    if (argument < 0x1_0000_0000) return this.#number(first | 26, argument, 4)
    this.#number(first | 27, Math.floor(argument / 0x1_0000_0000), 4)
    this.#digits(argument % 0x1_0000_0000, 4)
  }

  #number(first: number, value: number, size: number): void {
    this.#byte(first)
    this.#digits(value, size)
  }

  #digits(value: number, size: number): void {
    this.#reserve(size)
    for (let shift = 8 * (size - 1); shift >= 0; shift -= 8)
      this.#bytes[this.#length++] = value >>> shift
  }

  #byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

/** By insertion: messages have a few keys, mostly in order. */
function sortKeys(keys: string[]): void {
  if (keys.length > KEYS_FEW) return void keys.sort(compareKeys)
  for (let from = 1; from < keys.length; from++) {
    const key = keys[from] as string
    let to = from
    for (; to > 0 && compareKeys(keys[to - 1] as string, key) > 0; to--) {
      keys[to] = keys[to - 1] as string
    }
    keys[to] = key
  }
}

function compareKeys(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1)
}

/** Deterministic CBOR (RFC 8949 section 4.2.1) restricted to the values that messages of this project carry. */
import { encode, rfc8949EncodeOptions, Tokenizer, Type, type Token } from 'cborg'
import { equalBytes } from '../bytes/bytes.ts'
import { CBOR_DEPTH_MAX, CBOR_ITEMS_MAX } from '../limits.ts'
import { Malformed } from '../malformed.ts'
import { CborEncoder } from './encoder.ts'
import { CborReader, type ReaderLimits } from './reader.ts'

/** A value that can be written as CBOR. Objects stand for maps; decoded ones have no prototype. */
export type CborValue =
  null | boolean | number | bigint | string | Uint8Array | readonly CborValue[] | CborMap

/** A CBOR map; keys are text. */
export interface CborMap {
  readonly [key: string]: CborValue
}

/** Caps for one decoding, for callers that know their messages to be smaller. */
export interface CborLimits {
  /** Deepest nesting of arrays and maps. */
  readonly depthMax?: number
  /** Most data items, keys included. */
  readonly itemsMax?: number
}

const LONE_SURROGATE = /\p{Surrogate}/u

const DECODE_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  allowBigInt: true,
}

const ENCODE_OPTIONS = {
  ...rfc8949EncodeOptions,
  typeEncoders: {
    number: (value: number) => {
      if (!Number.isFinite(value)) throw new RangeError(`CBOR cannot carry ${value}`)
      return null
    },
    string: (value: string) => {
      if (LONE_SURROGATE.test(value))
        throw new RangeError('CBOR text cannot carry a lone surrogate')
      return null
    },
    undefined: refuse,
    Map: refuse,
    Tagged: refuse,
  },
}

/** The library knows the rare forms: big numbers, fractions, text beyond ASCII. */
const encoder = new CborEncoder((value) => encode(value, ENCODE_OPTIONS))

const reader = new CborReader()

/** Returns `value` as CBOR: shortest forms, sorted keys, one byte sequence per value. Throws on what CborValue excludes. */
export function encodeCbor(value: CborValue): Uint8Array {
  return encoder.encode(value).slice()
}

/** Returns the value that `bytes` are the one deterministic encoding of. Accepts any bytes; the result owns its memory, byte strings of one message together. */
export function decodeCbor(bytes: Uint8Array, limits: CborLimits = {}): CborValue | Malformed {
  const { depthMax = CBOR_DEPTH_MAX, itemsMax = CBOR_ITEMS_MAX } = limits
  const usual = reader.read(bytes, { depthMax, itemsMax })
  if (usual !== undefined) return usual
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const builder = new ValueBuilder(plain, { depthMax, itemsMax })
  try {
    const value = builder.build()
    // What is written differently from how we would write it (key order, long floats, broken UTF-8) is refused here.
    if (!equalBytes(encoder.encode(value), plain)) return new Malformed('CBOR is not deterministic')
    return value
  } catch (error) {
    return new Malformed(reasonOf(error))
  }
}

/** Builds values from the library's tokens, so that depth, size and key rules hold before anything is built. */
class ValueBuilder {
  readonly #tokens: Tokenizer
  readonly #depthMax: number
  #itemsLeft: number

  constructor(bytes: Uint8Array, limits: ReaderLimits) {
    this.#tokens = new Tokenizer(bytes, DECODE_OPTIONS)
    this.#depthMax = limits.depthMax
    this.#itemsLeft = limits.itemsMax
  }

  /** Builds the one value and checks that nothing follows it. */
  build(): CborValue {
    const value = this.#value(0)
    if (!this.#tokens.done()) throw new Error('CBOR has trailing bytes')
    return value
  }

  #value(depth: number): CborValue {
    const token = this.#next()
    if (Type.equals(token.type, Type.array)) return this.#array(token, depth + 1)
    if (Type.equals(token.type, Type.map)) return this.#map(token, depth + 1)
    if (!token.type.terminal) throw new Error(`CBOR ${token.type.name} is not used here`)
    return token.value as CborValue
  }

  #array(token: Token, depth: number): CborValue {
    this.#enter(token, depth)
    const values: CborValue[] = []
    for (let i = 0; i < (token.value as number); i++) values.push(this.#value(depth))
    return values
  }

  #map(token: Token, depth: number): CborValue {
    this.#enter(token, depth)
    // No prototype: a key named __proto__ is a key like any other.
    const map = Object.create(null) as Record<string, CborValue>
    for (let i = 0; i < (token.value as number); i++) {
      const key = this.#next()
      if (!Type.equals(key.type, Type.string)) throw new Error('CBOR map key is not text')
      const name = key.value as string
      if (name in map) throw new Error('CBOR map key appears twice')
      map[name] = this.#value(depth)
    }
    return map
  }

  #enter(token: Token, depth: number): void {
    if (depth > this.#depthMax) throw new Error('CBOR is nested too deeply')
    if ((token.value as number) > this.#itemsLeft) throw new Error('CBOR has too many items')
  }

  #next(): Token {
    if (this.#tokens.done()) throw new Error('CBOR ends early')
    if (this.#itemsLeft-- <= 0) throw new Error('CBOR has too many items')
    return this.#tokens.next() as Token
  }
}

/** Throws for a type that the profile has no form for. */
function refuse(_value: unknown, type: string): never {
  throw new TypeError(`CBOR cannot carry a value of type ${type}`)
}

/** Returns the text of a caught error; the library and this file throw nothing else. */
function reasonOf(error: unknown): string {
  const text = (error as { message?: unknown }).message
  return typeof text === 'string' ? text : 'CBOR is unreadable'
}

/** The fixed encodings of docs/wire/codec.md. */
import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import {
  decodeBase32,
  decodeCbor,
  encodeBase32,
  encodeCbor,
  fromHex,
  Malformed,
  toHex,
} from '../../src/index.ts'
import type { CborValue } from '../../src/index.ts'

interface CborCase {
  what: string
  hex: string
  value?: CborValue
  bigint?: string
  bytes?: string
  protoKey?: number
}

const cbor = load<{ valid: CborCase[]; refused: { what: string; hex: string }[] }>('cbor.json')
const base32 = load<{
  valid: { text: string; hex: string }[]
  tolerated: { text: string; hex: string }[]
  refused: string[]
}>('base32.json')

describe('CBOR', () => {
  it.each(cbor.valid)('encodes and decodes $what', (example) => {
    expect(toHex(encodeCbor(valueOf(example)))).toBe(example.hex)
    expect(decodeCbor(fromHex(example.hex))).toEqual(valueOf(example))
  })

  it.each(cbor.refused)('refuses $what', ({ hex }) => {
    expect(decodeCbor(fromHex(hex))).toBeInstanceOf(Malformed)
  })
})

describe('base32', () => {
  it.each(base32.valid)('writes $hex as "$text" and reads it back', ({ text, hex }) => {
    expect(encodeBase32(fromHex(hex))).toBe(text)
    expect(decodeBase32(text)).toEqual(fromHex(hex))
  })

  it.each(base32.tolerated)('reads "$text"', ({ text, hex }) => {
    expect(decodeBase32(text)).toEqual(fromHex(hex))
  })

  it.each(base32.refused)('refuses "%s"', (text) => {
    expect(decodeBase32(text)).toBeInstanceOf(Malformed)
  })
})

function valueOf(example: CborCase): CborValue {
  if (example.bigint !== undefined) return BigInt(example.bigint)
  if (example.bytes !== undefined) return fromHex(example.bytes)
  if (example.protoKey !== undefined) return prototypeKeyed(example.protoKey)
  return example.value ?? null
}

function prototypeKeyed(value: number): CborValue {
  const map = Object.create(null) as Record<string, CborValue>
  map['__proto__'] = value
  return map
}

function load<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as T
}

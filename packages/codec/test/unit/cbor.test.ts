/** Properties of the CBOR profile that hold for every value and for every input. */
import { describe, expect, it } from '@jest/globals'
import { encode, rfc8949EncodeOptions } from 'cborg'
import fc from 'fast-check'
import {
  CBOR_DEPTH_MAX,
  CBOR_ITEMS_MAX,
  decodeCbor,
  encodeCbor,
  Malformed,
} from '../../src/index.ts'
import type { CborValue } from '../../src/index.ts'

describe('encodeCbor and decodeCbor', () => {
  it('give back every value', () => {
    fc.assert(
      fc.property(anyValue(), (value) => {
        expect(decodeCbor(encodeCbor(value))).toEqual(value)
      }),
      { numRuns: 300 },
    )
  })

  it('write what the library writes', () => {
    fc.assert(
      fc.property(anyValue(), (value) => {
        expect(encodeCbor(value)).toEqual(new Uint8Array(encode(value, rfc8949EncodeOptions)))
      }),
      { numRuns: 300 },
    )
    for (const number of [23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1])
      for (const value of [number, -number, -number - 1])
        expect(encodeCbor(value)).toEqual(new Uint8Array(encode(value, rfc8949EncodeOptions)))
  })

  it('write a map the same way whatever the order of its keys', () => {
    expect(encodeCbor({ b: 1, a: 2, aa: 3 })).toEqual(encodeCbor({ aa: 3, a: 2, b: 1 }))
  })

  it('give byte strings that outlive the message', () => {
    const message = encodeCbor([Uint8Array.of(1, 2), { k: Uint8Array.of(3) }])
    const value = decodeCbor(message)
    message.fill(0xdb)
    expect(value).toEqual([Uint8Array.of(1, 2), { k: Uint8Array.of(3) }])
  })

  it('refuse keys out of order or twice, and numbers that are longer than need be', () => {
    for (const bytes of [
      [0xa2, 0x61, 0x62, 0x01, 0x61, 0x61, 0x02],
      [0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x02],
      [0xa2, 0x62, 0x61, 0x61, 0x01, 0x61, 0x62, 0x02],
      [0x18, 0x17],
      [0x19, 0x00, 0xff],
      [0x1a, 0x00, 0x00, 0xff, 0xff],
      [0x58, 0x01, 0x07],
    ])
      expect(decodeCbor(Uint8Array.from(bytes))).toBeInstanceOf(Malformed)
  })

  it('accept only what encoding would produce', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const value = decodeCbor(bytes)
        const again = value instanceof Malformed ? bytes : encodeCbor(value)
        expect(again).toEqual(bytes)
      }),
      { numRuns: 3000 },
    )
  })

  it('never throw on a damaged message', () => {
    fc.assert(
      fc.property(anyValue(), fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
        const bytes = encodeCbor(value)
        const index = at % bytes.length
        bytes[index] = (bytes[index] ?? 0) ^ flip
        expect(() => decodeCbor(bytes)).not.toThrow(/cannot carry|unsupported/)
      }),
      { numRuns: 500 },
    )
  })

  it('read from a Buffer and own what they return', () => {
    const input = Buffer.from(encodeCbor(new Uint8Array([1, 2, 3])))
    const value = decodeCbor(input)
    input.fill(0)
    expect(value).toEqual(new Uint8Array([1, 2, 3]))
    expect(Buffer.isBuffer(value)).toBe(false)
  })
})

describe('limits of decodeCbor', () => {
  it('accepts nesting up to the cap and refuses one level more', () => {
    expect(decodeCbor(nested(CBOR_DEPTH_MAX))).not.toBeInstanceOf(Malformed)
    expect(decodeCbor(nested(CBOR_DEPTH_MAX + 1))).toBeInstanceOf(Malformed)
    expect(decodeCbor(nested(100_000))).toBeInstanceOf(Malformed)
    expect(decodeCbor(nested(3), { depthMax: 2 })).toBeInstanceOf(Malformed)
  })

  it('accepts items up to the cap and refuses one more', () => {
    const items = new Array<CborValue>(CBOR_ITEMS_MAX - 1).fill(0)
    expect(decodeCbor(encodeCbor(items))).toHaveLength(CBOR_ITEMS_MAX - 1)
    expect(decodeCbor(encodeCbor([...items, 0]))).toBeInstanceOf(Malformed)
    expect(decodeCbor(encodeCbor([1, 2]), { itemsMax: 2 })).toBeInstanceOf(Malformed)
    expect(decodeCbor(encodeCbor([1, 2]), { itemsMax: 3 })).toEqual([1, 2])
  })
})

describe('encodeCbor', () => {
  it.each([
    ['undefined', undefined],
    ['a hole in an object', { a: undefined }],
    ['not a number', NaN],
    ['infinity', [Infinity]],
    ['a Map', new Map([['a', 1]])],
    ['a lone surrogate', 'x\ud800'],
    ['a function', () => 1],
  ])('throws on %s', (_what, value) => {
    expect(() => encodeCbor(value as unknown as CborValue)).toThrow(/cannot carry|unsupported/)
  })
})

function nested(depth: number): Uint8Array {
  const bytes = new Uint8Array(depth + 1).fill(0x81)
  bytes[depth] = 0
  return bytes
}

function anyValue(): fc.Arbitrary<CborValue> {
  const wide = fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n })
  const leaf: fc.Arbitrary<CborValue> = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    wide.filter((value) => !Number.isSafeInteger(Number(value))),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array(),
  )
  return fc.letrec<{ tree: CborValue }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('tree'), { maxLength: 5 }),
      fc.dictionary(fc.string({ unit: 'grapheme' }), tie('tree'), {
        maxKeys: 5,
        noNullPrototype: false,
      }),
    ),
  })).tree
}

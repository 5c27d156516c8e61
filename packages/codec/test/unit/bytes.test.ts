/** Reading and writing of bytes. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  ByteReader,
  ByteWriter,
  concatBytes,
  decodeBase32,
  encodeBase32,
  equalBytes,
  fromHex,
  toHex,
  ZERO_FILL_BYTES_MAX,
} from '../../src/index.ts'

describe('ByteWriter and ByteReader', () => {
  it('give back every field in order', () => {
    const writer = new ByteWriter(1)
    writer.u8(0x01).u16(0x0203).u16le(0x0405).u32(0x06070809).u32le(0xfffefdfc)
    writer
      .u64(0x0102030405060708n)
      .u64le(0xf1f2f3f4f5f6f7f8n)
      .bytes(fromHex('aabb'))
      .bytes(fromHex('cc'))
    expect(toHex(writer.toBytes())).toBe(
      '01' +
        '0203' +
        '0504' +
        '06070809' +
        'fcfdfeff' +
        '0102030405060708' +
        'f8f7f6f5f4f3f2f1' +
        'aabbcc',
    )
    expect(writer.length).toBe(32)
    const reader = new ByteReader(writer.toBytes())
    expect([reader.u8(), reader.u16(), reader.u16le()]).toEqual([0x01, 0x0203, 0x0405])
    expect([reader.u32(), reader.u32le()]).toEqual([0x06070809, 0xfffefdfc])
    expect([reader.u64(), reader.u64le()]).toEqual([0x0102030405060708n, 0xf1f2f3f4f5f6f7f8n])
    expect(toHex(reader.bytes(2))).toBe('aabb')
    expect(reader.remaining).toBe(1)
    expect(toHex(reader.rest())).toBe('cc')
    expect(reader.ok).toBe(true)
  })

  it('reads from the middle of a larger buffer', () => {
    const reader = new ByteReader(fromHex('ffff0102').subarray(2))
    expect(reader.u16()).toBe(0x0102)
  })

  it.each([
    ['u8', 0],
    ['u16', 1],
    ['u16le', 1],
    ['u32', 3],
    ['u32le', 3],
  ] as const)('yields zero and fails when %s runs past the end', (method, available) => {
    const reader = new ByteReader(new Uint8Array(available).fill(0xff))
    expect(reader[method]()).toBe(0)
    expect(reader.ok).toBe(false)
  })

  it('stays failed after the first read past the end', () => {
    const reader = new ByteReader(fromHex('01ff'))
    expect(reader.u64()).toBe(0n)
    expect(reader.u8()).toBe(0)
    expect(reader.u64le()).toBe(0n)
    expect(reader.remaining).toBe(0)
    expect(reader.rest()).toHaveLength(0)
    expect(reader.failed).toBe(true)
  })

  it('hands out zeros in place of missing bytes, up to the cap', () => {
    expect(new ByteReader(fromHex('01')).bytes(20)).toEqual(new Uint8Array(20))
    expect(new ByteReader(fromHex('01')).bytes(ZERO_FILL_BYTES_MAX)).toHaveLength(
      ZERO_FILL_BYTES_MAX,
    )
    expect(new ByteReader(fromHex('01')).bytes(0xffff_ffff)).toHaveLength(0)
    expect(new ByteReader(fromHex('01')).bytes(-1)).toHaveLength(0)
    expect(new ByteReader(fromHex('01')).bytes(NaN)).toHaveLength(0)
  })

  it('does not share memory between a writer and its result', () => {
    const writer = new ByteWriter().u8(1)
    const first = writer.toBytes()
    writer.u8(2)
    expect(first).toEqual(new Uint8Array([1]))
    expect(writer.toBytes()).toEqual(new Uint8Array([1, 2]))
  })
})

describe('byte helpers', () => {
  it('read and write hexadecimal text', () => {
    expect(fromHex('00 fF\n10')).toEqual(new Uint8Array([0, 255, 16]))
    expect(toHex(new Uint8Array([0, 255, 16]))).toBe('00ff10')
    expect(() => fromHex('0')).toThrow('not hexadecimal')
    expect(() => fromHex('zz')).toThrow('not hexadecimal')
  })

  it('compare and join', () => {
    expect(equalBytes(fromHex('0102'), fromHex('0102'))).toBe(true)
    expect(equalBytes(fromHex('0102'), fromHex('0103'))).toBe(false)
    expect(equalBytes(fromHex('01'), fromHex('0102'))).toBe(false)
    expect(toHex(concatBytes(fromHex('01'), fromHex(''), fromHex('0203')))).toBe('010203')
  })
})

describe('base32', () => {
  it('gives back every byte array', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = encodeBase32(bytes)
        expect(decodeBase32(text)).toEqual(bytes)
        expect(decodeBase32(text.toLowerCase())).toEqual(bytes)
      }),
    )
  })
})

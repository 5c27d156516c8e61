/** Addresses as values: text form, class, identity. */
import { describe, expect, it } from '@jest/globals'
import { fromHex, Malformed } from '@ipop/codec'
import { Address, ADDRESS_TEXT_MAX } from '../../src/index.ts'

const LETTERS = 'AEBAGBAFAYDQQCIKBMGA2DQPCAIREEYU'
const BYTES = fromHex('0102030405060708090a0b0c0d0e0f1011121314')

describe('text form', () => {
  it('is the scheme and 32 base32 letters', () => {
    expect(Address.fromBytes(BYTES).toString()).toBe(`brunet:node:${LETTERS}`)
    expect(Address.zero.toString()).toBe(`brunet:node:${'A'.repeat(32)}`)
    expect(JSON.stringify({ a: Address.zero })).toBe(`{"a":"brunet:node:${'A'.repeat(32)}"}`)
  })

  it.each([
    `brunet:node:${LETTERS}`,
    `BRUNET:Node:${LETTERS.toLowerCase()}`,
    `urn:brunet:node:${LETTERS}`,
    `URN:brunet:node:${LETTERS}`,
    `brunet:node:${LETTERS}====`,
  ])('reads %s', (text) => {
    const address = Address.parse(text)
    expect(address).toBeInstanceOf(Address)
    expect((address as Address).bytes).toEqual(BYTES)
  })

  it.each([
    '',
    LETTERS,
    `brunet:node:${LETTERS.slice(1)}`,
    `brunet:node:${LETTERS}A`,
    `brunet:node:${LETTERS.replace('A', '1')}`,
    `brunet:node:${LETTERS} `,
    ` brunet:node:${LETTERS}`,
    `brunet:edge:${LETTERS}`,
    `urn:urn:brunet:node:${LETTERS}`,
    `brunet:node:${LETTERS}${'='.repeat(ADDRESS_TEXT_MAX)}`,
  ])('refuses "%s"', (text) => {
    expect(Address.parse(text)).toBeInstanceOf(Malformed)
  })
})

describe('addressClass', () => {
  it.each([
    ['0000000000000000000000000000000000000000', 0],
    ['ffffffffffffffffffffffffffffffffffffff00', 0],
    ['0000000000000000000000000000000000000001', 1],
    ['000000000000000000000000000000000000fffd', 1],
    ['000000000000000000000000000000007fffffff', 31],
    ['000000000000000000000000000000ff00ffffff', 24],
    ['00000001ffffffffffffffffffffffffffffffff', 129],
    ['000000000fffffffffffffffffffffffffffffff', 124],
    ['ffffffffffffffffffffffffffffffffffffffff', 160],
  ])('of %s is %d', (hex, expected) => {
    expect(Address.fromBytes(fromHex(hex)).addressClass()).toBe(expected)
  })
})

describe('Address', () => {
  it('copies the bytes it is made from', () => {
    const bytes = new Uint8Array(BYTES)
    const address = Address.fromBytes(bytes)
    bytes.fill(0)
    expect(address.bytes).toEqual(BYTES)
  })

  it('throws on a wrong number of bytes', () => {
    expect(() => Address.fromBytes(new Uint8Array(19))).toThrow(RangeError)
    expect(() => Address.fromBytes(new Uint8Array(21))).toThrow(RangeError)
  })

  it('draws random addresses of class 0', () => {
    const address = Address.random({ bytes: (length) => new Uint8Array(length).fill(0xff) })
    expect(address.addressClass()).toBe(0)
    expect(address.bytes[0]).toBe(0xff)
    expect(address.bytes[19]).toBe(0xfe)
  })

  it('has equal keys exactly for equal positions', () => {
    expect(Address.fromBytes(BYTES).key).toBe(Address.fromBytes(BYTES).key)
    expect(Address.fromBytes(BYTES).equals(Address.fromBytes(BYTES))).toBe(true)
    expect(Address.fromBytes(BYTES).key).not.toBe(Address.zero.key)
  })
})

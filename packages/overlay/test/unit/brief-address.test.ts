/** Short forms of addresses. */
import { Address } from '@ipop/address'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  BRIEF_ADDRESS_BYTES,
  briefAddress,
  isBriefOf,
  keyEndOf,
} from '../../src/wire/brief-address.ts'

const bytes = fc.uint8Array({ minLength: 20, maxLength: 20 })

describe('a brief address', () => {
  it('stands for the addresses that end in its bytes', () => {
    fc.assert(
      fc.property(bytes, bytes, fc.integer({ min: 0, max: 19 }), (whole, start, changed) => {
        const brief = briefAddress(Address.fromBytes(whole))
        expect(isBriefOf(brief, Address.fromBytes(whole))).toBe(true)
        const same = Uint8Array.of(...start.subarray(0, 20 - BRIEF_ADDRESS_BYTES), ...brief)
        expect(isBriefOf(brief, Address.fromBytes(same))).toBe(true)
        const other = whole.slice()
        other[changed] = (other[changed] ?? 0) ^ 0x80
        expect(isBriefOf(brief, Address.fromBytes(other))).toBe(changed < 20 - BRIEF_ADDRESS_BYTES)
      }),
    )
  })

  it('tells the end of their keys', () => {
    fc.assert(
      fc.property(bytes, bytes, (whole, start) => {
        const brief = briefAddress(Address.fromBytes(whole))
        const same = Uint8Array.of(...start.subarray(0, 20 - BRIEF_ADDRESS_BYTES), ...brief)
        expect(Address.fromBytes(same).key.endsWith(keyEndOf(brief))).toBe(true)
      }),
    )
    expect(keyEndOf(new Uint8Array(BRIEF_ADDRESS_BYTES))).toHaveLength(12)
  })
})

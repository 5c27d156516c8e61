/** DHT keys and values. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Address } from '@ipop/address'
import { Malformed, toHex } from '@ipop/codec'
import {
  addressValue,
  encodeText,
  hostKey,
  ipValue,
  leaseKey,
  multicastKey,
  readAddressValue,
  readIpValue,
  settingsKey,
} from '../../src/keys.ts'
import { ip } from '../fakes/packets.ts'

describe('DHT keys', () => {
  it('are the product’s', () => {
    expect(settingsKey('lab')).toBe('dhcp:lab')
    expect(leaseKey('lab', ip('10.7.0.20'))).toBe('dhcp:lab:10.7.0.20')
    expect(hostKey('lab', 'Alice')).toBe('lab.alice.ipop')
    expect(hostKey('lab', 'alice.ipop')).toBe('lab.alice.ipop')
    expect(multicastKey('lab')).toBe('lab.multicast.ipop')
  })

  it('have the bytes of the vector', () => {
    const key = toHex(encodeText(leaseKey('lab', ip('10.7.0.20'))))
    expect(key).toBe('646863703a6c61623a31302e372e302e3230')
    const value = addressValue(Address.zero)
    expect(toHex(value)).toBe(`6272756e65743a6e6f64653a${'41'.repeat(32)}`)
    const read = readAddressValue(value)
    expect(read instanceof Malformed ? read : read.equals(Address.zero)).toBe(true)
    expect(readIpValue(ipValue(ip('10.7.0.20')))).toBe(ip('10.7.0.20'))
  })

  it('accept any value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(readAddressValue(bytes)).toBeInstanceOf(Malformed)
        readIpValue(bytes)
      }),
    )
  })
})

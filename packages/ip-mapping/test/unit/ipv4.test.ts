/** Addresses, networks and the Internet checksum against hand-made vectors. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { fromHex, Malformed, toHex } from '@ipop/codec'
import { internetChecksum } from '../../src/ip/checksum.ts'
import {
  formatIpv4,
  isMartian,
  isMulticast,
  parseIpv4,
  readIpv4,
  writeIpv4,
} from '../../src/ip/ipv4-address.ts'
import { Ipv4Network, maskLength, maskOfLength } from '../../src/ip/ipv4-network.ts'
import { ip } from '../fakes/packets.ts'
import { loadVectors } from '../fakes/vectors.ts'

const vectors = loadVectors('inner-ip')

describe('IPv4 addresses', () => {
  it('reads and writes dotted decimal', () => {
    expect(parseIpv4('10.0.0.1')).toBe(0x0a000001)
    expect(parseIpv4('255.255.255.255')).toBe(0xffffffff)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
        expect(parseIpv4(formatIpv4(value))).toBe(value)
        const bytes = new Uint8Array(6)
        writeIpv4(bytes, 1, value)
        expect(readIpv4(bytes, 1)).toBe(value)
      }),
    )
  })

  it.each(['', '1.2.3', '1.2.3.4.5', '01.2.3.4', '256.1.1.1', '1..2.3', '1.2.3.4 ', '0x1.2.3.4'])(
    'refuses %p',
    (text) => expect(parseIpv4(text)).toBeInstanceOf(Malformed),
  )

  it('knows special ranges', () => {
    expect(['224.0.0.1', '239.255.255.255'].map((text) => isMulticast(ip(text)))).toEqual([
      true,
      true,
    ])
    expect(['223.255.255.255', '240.0.0.0'].map((text) => isMulticast(ip(text)))).toEqual([
      false,
      false,
    ])
    const martians = ['0.1.2.3', '127.0.0.1', '240.0.0.1', '255.255.255.254']
    expect(martians.every((text) => isMartian(ip(text)))).toBe(true)
    expect(['10.0.0.1', '255.255.255.255', '224.0.0.1'].some((text) => isMartian(ip(text)))).toBe(
      false,
    )
  })
})

describe('Ipv4Network', () => {
  it('knows its addresses', () => {
    const network = parse('10.5.0.0', '255.255.0.0')
    expect(network.toString()).toBe('10.5.0.0/16')
    expect(formatIpv4(network.broadcast)).toBe('10.5.255.255')
    expect(formatIpv4(network.serverIp)).toBe('10.5.0.1')
    const { first, last } = network.usableRange()
    expect([formatIpv4(first), formatIpv4(last)]).toEqual(['10.5.0.2', '10.5.255.254'])
    expect(network.contains(ip('10.5.7.7'))).toBe(true)
    expect(network.contains(ip('10.6.0.0'))).toBe(false)
  })

  it('reserves base/31, broadcast, server and the configured ranges', () => {
    const network = parse('172.16.0.0', '255.255.255.0', [
      { base: '172.16.0.64', mask: '255.255.255.192' },
      { base: '172.16.0.200', mask: '255.255.255.255' },
    ])
    const reserved = ['.0', '.1', '.255', '.64', '.127', '.200']
    const free = ['.2', '.63', '.128', '.199', '.201', '.254']
    expect(reserved.map((end) => network.isUsable(ip(`172.16.0${end}`)))).toEqual(
      Array(6).fill(false),
    )
    expect(free.map((end) => network.isUsable(ip(`172.16.0${end}`)))).toEqual(Array(6).fill(true))
  })

  it('puts the server inside networks whose base does not end in zero', () => {
    expect(formatIpv4(parse('10.0.0.128', '255.255.255.128').serverIp)).toBe('10.0.0.129')
    // The original takes the given base, not the masked one.
    expect(formatIpv4(parse('10.5.3.0', '255.0.0.0').serverIp)).toBe('10.5.3.1')
  })

  it.each([
    ['10.0.0.0', '255.0.255.0'],
    ['10.0.0.0', '255.255.255.254'],
    ['10.0.0.0', '0.0.0.0'],
    ['127.0.0.0', '255.0.0.0'],
    ['224.0.0.0', '240.0.0.0'],
    ['x', '255.0.0.0'],
  ])('refuses %s mask %s', (base, mask) => {
    expect(Ipv4Network.parse(base, mask)).toBeInstanceOf(Malformed)
  })

  it('turns masks into lengths and back', () => {
    for (let length = 0; length <= 32; length += 1)
      expect(maskLength(maskOfLength(length))).toBe(length)
    expect(maskLength(0xff00ff00)).toBeUndefined()
  })
})

describe('Internet checksum', () => {
  it.each(vectors.checksums)('of $hex is $checksum', ({ hex, checksum }) => {
    expect(toHex(numberBytes(internetChecksum(bytesOf(hex))))).toBe(checksum)
  })

  it('does not overflow on the longest packet', () => {
    expect(internetChecksum(new Uint8Array(65_535).fill(255))).toBe(0x00ff)
  })
})

function parse(
  base: string,
  mask: string,
  reserved: { base: string; mask: string }[] = [],
): Ipv4Network {
  const network = Ipv4Network.parse(base, mask, reserved)
  if (network instanceof Malformed) throw new Error(network.reason)
  return network
}

function numberBytes(value: number): Uint8Array {
  return new Uint8Array([value >>> 8, value & 255])
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex)
  if (bytes instanceof Malformed) throw new Error(bytes.reason)
  return bytes
}

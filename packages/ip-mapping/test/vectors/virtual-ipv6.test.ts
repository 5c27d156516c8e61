/** Virtual IPv6 addresses and packets: vectors, round trips and random bytes. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Address } from '@ipop/address'
import { Malformed, toHex } from '@ipop/codec'
import { completePartialFrame } from '../../src/ip/partial-checksum.ts'
import { formatIpv6, isLinkScope, readIpv6, writeIpv6 } from '../../src/ip/ipv6-address.ts'
import { Ipv6Network } from '../../src/ip/ipv6-network.ts'
import { icmpv6Unreachable } from '../../src/ip/icmpv6-errors.ts'
import { encodeIcmpv6Error } from '../../src/wire/icmpv6.ts'
import { decodeIpv6, encodeIpv6 } from '../../src/wire/ipv6.ts'
import { ip6, udp6 } from '../fakes/packets6.ts'
import { hex, loadVectors } from '../fakes/vectors.ts'

type Kind = 'network' | 'host' | 'fragmentationNeeded'
interface Vectors {
  readonly addresses: readonly {
    readonly namespace: string
    readonly node: string
    readonly ipv6: string
    readonly position: string
  }[]
  readonly udp: { readonly source: string; readonly destination: string; readonly hex: string }
  readonly errors: readonly { readonly kind: Kind; readonly mtu: number; readonly hex: string }[]
}

const vectors = loadVectors('virtual-ipv6') as Vectors
const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 })
const bytes20 = fc.uint8Array({ minLength: 20, maxLength: 20 })

describe('the IPv6 address of a node', () => {
  it.each(vectors.addresses)('is $ipv6 for $node in "$namespace"', (vector) => {
    const network = new Ipv6Network(vector.namespace)
    const node = addressOf(vector.node)
    expect(formatIpv6(network.addressOf(node))).toBe(vector.ipv6)
    expect(network.positionOf(ip6(vector.ipv6)).toString()).toBe(vector.position)
    expect(network.isOf(ip6(vector.ipv6), node)).toBe(true)
    expect(network.contains(ip6(vector.ipv6))).toBe(true)
  })

  it('names a place on the ring that lies at the node or right of it, less than 2^64 away', () => {
    const network = new Ipv6Network('lab')
    fc.assert(
      fc.property(bytes20, (bytes) => {
        const node = Address.fromBytes(bytes)
        const position = network.positionOf(network.addressOf(node))
        expect(toHex(position.bytes)).toBe(`${toHex(bytes.subarray(0, 12))}${'0'.repeat(16)}`)
        expect(position.compare(node)).toBeLessThanOrEqual(0)
      }),
    )
  })

  it('belongs to no other node and no other namespace', () => {
    fc.assert(
      fc.property(bytes20, fc.integer({ min: 0, max: 95 }), (bytes, bit) => {
        const network = new Ipv6Network('lab')
        const ip = network.addressOf(Address.fromBytes(bytes))
        const other = bytes.slice()
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7))
        expect(network.isOf(ip, Address.fromBytes(other))).toBe(false)
        expect(new Ipv6Network('lab2').contains(ip)).toBe(false)
      }),
    )
  })
})

describe('IPv6 addresses', () => {
  it('read back what they write', () => {
    fc.assert(
      fc.property(bytes16, (bytes) => {
        const copy = new Uint8Array(20)
        writeIpv6(copy, 3, readIpv6(bytes, 0))
        expect(toHex(copy.subarray(3, 19))).toBe(toHex(bytes))
        expect(ip6(formatIpv6(readIpv6(bytes, 0)))).toBe(readIpv6(bytes, 0))
      }),
    )
  })

  it.each([
    ['ff02::1', true],
    ['ff0e::1', true],
    ['fe80::1', true],
    ['febf::1', true],
    ['::', true],
    ['fec0::1', false],
    ['fd00::1', false],
    ['::1', false],
  ])('%s stays on the link: %s', (text, expected) => {
    expect(isLinkScope(ip6(text))).toBe(expected)
  })
})

describe('IPv6 packets', () => {
  it('are built as others build them', () => {
    const { source, destination, hex: text } = vectors.udp
    expect(toHex(udp6(ip6(source), ip6(destination), 'h'))).toBe(text)
  })

  it('read back what they were built of, without padding', () => {
    const packet = decodeIpv6(Uint8Array.of(...hex(vectors.udp.hex), 0, 0, 0))
    if (packet instanceof Malformed) throw new Error(packet.reason)
    expect(packet).toMatchObject({ totalLength: 49, nextHeader: 17, hopLimit: 64 })
    expect(formatIpv6(packet.source)).toBe(vectors.udp.source)
    expect(formatIpv6(packet.destination)).toBe(vectors.udp.destination)
    expect(packet.payload).toHaveLength(9)
  })

  it('get the checksum that a data plane left out', () => {
    const frame = Uint8Array.of(6, ...hex(vectors.udp.hex))
    frame.fill(0x5a, 1 + 46, 1 + 48)
    const whole = completePartialFrame(frame)
    expect(whole instanceof Malformed ? whole.reason : toHex(whole)).toBe(vectors.udp.hex)
  })
})

describe('ICMPv6 errors', () => {
  it.each(vectors.errors)('say $kind', ({ kind, mtu, hex: text }) => {
    const cause = kind === 'fragmentationNeeded' ? { kind, mtu } : { kind }
    const error = icmpv6Unreachable(hex(vectors.udp.hex), cause)
    expect(toHex(error ?? new Uint8Array())).toBe(text)
  })

  it('have a body whose checksum covers both addresses', () => {
    const { source, destination, hex: about } = vectors.udp
    const ends = { source: ip6(destination), destination: ip6(source) }
    const fields = { kind: 'packetTooBig', mtu: 1_280, quote: hex(about) } as const
    const body = encodeIcmpv6Error({ ...ends, ...fields })
    expect(vectors.errors[2]?.hex.slice(80)).toBe(toHex(body))
    const other = encodeIcmpv6Error({ ...ends, ...fields, source: ip6('fd00::1') })
    expect(toHex(other.subarray(2, 4))).not.toBe(toHex(body.subarray(2, 4)))
  })

  it('quote no more than fits into 1,280 bytes', () => {
    const about = udp6(ip6('fd00::1'), ip6('fd00::2'), 'x'.repeat(1_400))
    expect(icmpv6Unreachable(about, { kind: 'host' })).toHaveLength(1_280)
  })

  it('are not sent about errors, redirects, groups and odd sources', () => {
    const build = (type: number, change: { source?: string; destination?: string } = {}) =>
      encodeIpv6({
        source: ip6(change.source ?? 'fd00::1'),
        destination: ip6(change.destination ?? 'fd00::2'),
        nextHeader: 58,
        payload: Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0),
      })
    const unanswerable = [
      build(1),
      build(3),
      build(137),
      build(128, { destination: 'ff02::1' }),
      build(128, { source: '::' }),
      build(128, { source: 'ff02::1' }),
    ]
    for (const packet of unanswerable) {
      expect(icmpv6Unreachable(packet, { kind: 'host' })).toBeUndefined()
    }
    expect(icmpv6Unreachable(build(128), { kind: 'host' })).toBeDefined()
  })

  it('accept any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        if (bytes.length > 0) bytes[0] = 0x60
        const error = icmpv6Unreachable(bytes, { kind: 'host' })
        if (error !== undefined) expect(decodeIpv6(error)).not.toBeInstanceOf(Malformed)
        completePartialFrame(Uint8Array.of(6, ...bytes))
      }),
      { numRuns: 2_000 },
    )
  })
})

function addressOf(text: string): Address {
  const address = Address.parse(text)
  if (address instanceof Malformed) throw new Error(address.reason)
  return address
}

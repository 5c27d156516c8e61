/** Inner packets: vectors, round trips and random bytes. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Malformed, toHex } from '@ipop/codec'
import { icmpUnreachable } from '../../src/ip/icmp-errors.ts'
import { formatIpv4 } from '../../src/ip/ipv4-address.ts'
import { decodeIcmp } from '../../src/wire/icmp.ts'
import { decodeIpv4, encodeIpv4 } from '../../src/wire/ipv4.ts'
import { decodeIpv6 } from '../../src/wire/ipv6.ts'
import { decodeUdp } from '../../src/wire/udp.ts'
import { ip, udp } from '../fakes/packets.ts'
import { hex, loadVectors } from '../fakes/vectors.ts'

const vectors = loadVectors('inner-ip')

describe('IPv4 packets', () => {
  it.each(vectors.ipv4)('reads: $name', ({ hex: header, pad, fields }) => {
    const packet = decodeIpv4(new Uint8Array([...hex(header), ...new Uint8Array(pad)]))
    if (packet instanceof Malformed) throw new Error(packet.reason)
    expect({
      ...packet,
      source: formatIpv4(packet.source),
      destination: formatIpv4(packet.destination),
    }).toMatchObject(fields)
    expect(packet.payload).toHaveLength(pad)
  })

  it('reads back what it builds, and ignores padding', () => {
    const field = fc.integer({ min: 0, max: 0xffffffff })
    fc.assert(
      fc.property(
        field,
        field,
        fc.uint8Array({ maxLength: 200 }),
        (source, destination, payload) => {
          const bytes = encodeIpv4({
            source,
            destination,
            protocol: 99,
            payload,
            dontFragment: true,
          })
          const packet = decodeIpv4(new Uint8Array([...bytes, 1, 2, 3]))
          expect(packet).toMatchObject({ source, destination, protocol: 99, payload })
        },
      ),
    )
  })

  it.each([
    ['short', '4500001c'],
    ['version 5', '5500001c00010000400166dc0a0000020a000003'],
    ['header length 16', '4400001400010000400166dc0a0000020a000003'],
    ['total length below header', '4500001000010000400166dc0a0000020a000003'],
    ['truncated', '4500001c00010000400166dc0a0000020a000003'],
    ['checksum', '4500001400010000400166dd0a0000020a000003'],
  ])('refuses: %s', (_name, text) => {
    expect(decodeIpv4(hex(text))).toBeInstanceOf(Malformed)
  })
})

describe('UDP in IPv4', () => {
  it('builds and reads the vector', () => {
    const { source, destination, text } = vectors.udp
    const bytes = udp(source, destination, text)
    expect(toHex(bytes)).toBe(vectors.udp.hex)
    const packet = decodeIpv4(bytes)
    if (packet instanceof Malformed) throw new Error(packet.reason)
    expect(decodeUdp(packet)).toMatchObject({ sourcePort: 4_000, destinationPort: 5_000 })
    bytes[28] = 0
    expect(decodeUdp(packet)).toBeInstanceOf(Malformed)
  })
})

describe('ICMP errors', () => {
  it('quote the packet they are about', () => {
    const about = hex(vectors.hostUnreachable.about)
    const error = icmpUnreachable(about, ip('10.7.0.1'), { kind: 'host' })
    expect(toHex(error ?? new Uint8Array())).toBe(vectors.hostUnreachable.hex)
    const packet = decodeIpv4(error ?? new Uint8Array())
    if (packet instanceof Malformed) throw new Error(packet.reason)
    const message = decodeIcmp(packet)
    expect(message).toMatchObject({ type: 3, code: 1, quotedDestination: ip('10.7.0.3') })
  })

  it('carry the MTU when a packet is too big, and quote at most 548 bytes', () => {
    const about = encodeIpv4({
      source: ip('10.7.0.2'),
      destination: ip('10.7.0.3'),
      protocol: 6,
      payload: new Uint8Array(1_480),
    })
    const error = icmpUnreachable(about, ip('10.7.0.1'), {
      kind: 'fragmentationNeeded',
      mtu: 1_420,
    })
    expect(error).toHaveLength(576)
    const packet = decodeIpv4(error ?? new Uint8Array())
    if (packet instanceof Malformed) throw new Error(packet.reason)
    expect(decodeIcmp(packet)).toMatchObject({ code: 4, nextHopMtu: 1_420 })
  })

  it('are not sent about errors, groups, fragments and odd sources', () => {
    const build = (change: Partial<Parameters<typeof encodeIpv4>[0]>) =>
      encodeIpv4({
        source: ip('10.7.0.2'),
        destination: ip('10.7.0.3'),
        protocol: 6,
        payload: new Uint8Array(8),
        ...change,
      })
    const cases = [
      build({ protocol: 1, payload: new Uint8Array([3, 1, 0, 0, 0, 0, 0, 0]) }),
      build({ destination: ip('224.0.0.251') }),
      build({ destination: ip('255.255.255.255') }),
      build({ source: ip('0.0.0.0') }),
      build({ source: ip('224.0.0.1') }),
    ]
    for (const packet of cases) expect(icmpUnreachable(packet, 1, { kind: 'host' })).toBeUndefined()
    const echo = build({ protocol: 1, payload: new Uint8Array([8, 0, 0, 0, 0, 0, 0, 0]) })
    expect(icmpUnreachable(echo, 1, { kind: 'host' })).toBeDefined()
  })
})

describe('parsers of inner packets', () => {
  it('accept any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        decodeIpv6(bytes)
        icmpUnreachable(bytes, 1, { kind: 'host' })
        const packet = decodeIpv4(bytes)
        expect(packet).toBeDefined()
        if (packet instanceof Malformed) return
        decodeUdp(packet)
        decodeIcmp(packet)
      }),
      { numRuns: 2_000 },
    )
  })

  it('accept any payload behind a sound header', () => {
    const protocol = fc.constantFrom(1, 17)
    fc.assert(
      fc.property(protocol, fc.uint8Array({ maxLength: 80 }), (number, payload) => {
        const bytes = encodeIpv4({ source: 1, destination: 2, protocol: number, payload })
        const packet = decodeIpv4(bytes)
        if (packet instanceof Malformed) throw new Error(packet.reason)
        expect(decodeUdp(packet)).toBeDefined()
        expect(decodeIcmp(packet)).toBeDefined()
        icmpUnreachable(bytes, 1, { kind: 'host' })
      }),
      { numRuns: 2_000 },
    )
  })

  it('read IPv6 headers', () => {
    const bytes = new Uint8Array(44)
    bytes.set([0x60, 0, 0, 0, 0, 4, 17, 64])
    expect(decodeIpv6(bytes)).toMatchObject({ nextHeader: 17, hopLimit: 64 })
    bytes[5] = 5
    expect(decodeIpv6(bytes)).toBeInstanceOf(Malformed)
  })
})

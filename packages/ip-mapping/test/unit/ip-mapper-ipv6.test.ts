/** IPv6 through the facade, with fake ring, carrier and device. */
import { describe, expect, it } from '@jest/globals'
import { Address } from '@ipop/address'
import { Ipv6Network } from '../../src/ip/ipv6-network.ts'
import type { Ipv6 } from '../../src/ip/ipv6-address.ts'
import {
  RESOLVER_ATTEMPTS_MAX,
  RESOLVER_NEGATIVE_MIN_MS,
  WAITING_PACKETS_PER_IP_MAX,
} from '../../src/limits.ts'
import type { ForwardingRow, ForwardingTable } from '../../src/services.ts'
import { encodeIpv6 } from '../../src/wire/ipv6.ts'
import { FakeWorld, type FakeNode, type FakeNodeOptions } from '../fakes/fake-network.ts'
import { ip, udp } from '../fakes/packets.ts'
import { ip6, textOf6, udp6 } from '../fakes/packets6.ts'

const NETWORK = new Ipv6Network('lab')
const ICMP_TYPE = 40

describe('IpMapper with IPv6', () => {
  it('carries packets there and back before there is any lease, by one search', async () => {
    const { world, left, right } = pair()
    left.device.send(udp6(ipOf(left), ipOf(right), 'hello'))
    await world.time.advance(1_000)
    expect(right.device.written.map(textOf6)).toEqual(['hello'])
    right.device.send(udp6(ipOf(right), ipOf(left), 'welcome'))
    await world.time.advance(1_000)
    expect(left.device.written.map(textOf6)).toEqual(['welcome'])
    // Who sent the packet proved who holds its source.
    expect([left.carrier.searches, right.carrier.searches]).toEqual([1, 0])
    expect(left.mapper.virtualIps()).toEqual([])
  })

  it('keeps packets in order while it searches and connects, and bounds how many wait', async () => {
    const { world, left, right } = pair()
    for (let count = 0; count < WAITING_PACKETS_PER_IP_MAX + 5; count += 1) {
      left.device.send(udp6(ipOf(left), ipOf(right), String(count)))
    }
    await world.time.advance(1_000)
    expect(right.device.written.map(textOf6)).toEqual(
      [...Array(WAITING_PACKETS_PER_IP_MAX).keys()].map(String),
    )
    expect(left.mapper.status().counters.dropped.queueFull).toBe(5)
  })

  it('refuses packets from any address but that of the node that sent them', async () => {
    const { world, left, right } = pair()
    const mallory = start(world)
    world.connect(mallory.address, right.address)
    for (const source of [ipOf(left), ipOf(right), ip6('fd00::1'), ip6('2001:db8::1')]) {
      mallory.carrier.sendIp(right.address, udp6(source, ipOf(right), 'forged'))
    }
    mallory.carrier.sendIp(right.address, udp6(ipOf(mallory), ipOf(right), 'honest'))
    await world.time.advance(1_000)
    expect(right.device.written.map(textOf6)).toEqual(['honest'])
    expect(right.mapper.status().counters.dropped.spoofed).toBe(4)
    expect(right.carrier.searches).toBe(0)
  })

  it('sends nothing from an address that is not its own', async () => {
    const { world, left, right } = pair()
    left.device.send(udp6(ipOf(right), ipOf(left), 'x'), udp6(ip6('fd00::1'), ipOf(right), 'x'))
    await world.time.advance(1_000)
    expect(left.mapper.status().counters.dropped.foreignSource).toBe(2)
    expect(left.carrier.searches).toBe(0)
  })

  it('tells the host that there is no such node, and remembers it for a while', async () => {
    const { world, left } = pair()
    const nobody = NETWORK.addressOf(Address.random(world.random))
    left.device.send(udp6(ipOf(left), nobody, 'anybody?'))
    await world.time.advance(100)
    left.device.send(udp6(ipOf(left), nobody, 'anybody?'))
    expect(left.carrier.searches).toBe(1)
    await world.time.advance(RESOLVER_NEGATIVE_MIN_MS)
    left.device.send(udp6(ipOf(left), nobody, 'anybody?'))
    expect(left.carrier.searches).toBe(2)
    await world.time.advance(100)
    expect(errorsOf(left)).toEqual(['1/3', '1/3', '1/3'])
  })

  it('does not believe in a node with another address', async () => {
    const { world, left, right } = pair()
    left.carrier.searchResult = Address.random(world.random)
    left.device.send(udp6(ipOf(left), ipOf(right), 'hello'))
    await world.time.advance(1_000)
    expect(errorsOf(left)).toEqual(['1/3'])
    expect(left.carrier.wanted).toEqual([])
  })

  it('searches again when nobody answered, and then tells the host', async () => {
    const { world, left, right } = pair()
    left.carrier.searchResult = 'error'
    left.device.send(udp6(ipOf(left), ipOf(right), 'hello'))
    await world.time.advance(1_000)
    expect(left.carrier.searches).toBe(RESOLVER_ATTEMPTS_MAX)
    expect(errorsOf(left)).toEqual(['1/3'])
  })

  it('tells the host what it cannot carry', async () => {
    const { world, left, right } = pair()
    left.device.send(
      udp6(ipOf(left), ip6('2001:db8::1'), 'outside'),
      udp6(ipOf(left), ipOf(right), 'x'.repeat(1_400)),
    )
    await world.time.advance(100)
    expect(errorsOf(left)).toEqual(['1/0', '2/0'])
    const tooBig = left.device.written[1]
    expect(tooBig?.subarray(ICMP_TYPE + 4, ICMP_TYPE + 8)).toEqual(Uint8Array.of(0, 0, 5, 140))
  })

  it('tells the host of a narrow path, but never to send less than every link of IPv6 carries', async () => {
    const { world, left, right } = pair()
    world.connect(left.address, right.address)
    left.carrier.pathBytesMax = 1_220
    const [short, long] = ['x'.repeat(1_280 - 48), 'x'.repeat(1_281 - 48)]
    left.device.send(udp6(ipOf(left), ipOf(right), short), udp6(ipOf(left), ipOf(right), long))
    await world.time.advance(1_000)
    expect(right.device.written.map(textOf6)).toEqual([short])
    expect(errorsOf(left)).toEqual(['2/0'])
    const mtu = left.device.written[0]?.subarray(ICMP_TYPE + 4, ICMP_TYPE + 8)
    expect(mtu).toEqual(Uint8Array.of(0, 0, 5, 0))
  })

  it('drops what is meant for the link alone without a word, in both directions', async () => {
    const { world, left, right } = pair()
    world.connect(left.address, right.address)
    const packets = [
      udp6(ipOf(left), ip6('ff02::fb'), 'x'),
      udp6(ip6('fe80::1'), ip6('ff02::2'), 'x'),
      udp6(ip6('fe80::1'), ip6('fe80::2'), 'x'),
      udp6(0n, ip6('ff02::16'), 'x'),
    ]
    left.device.send(...packets)
    for (const packet of packets) left.carrier.sendIp(right.address, packet)
    await world.time.advance(1_000)
    for (const node of [left, right]) {
      const { counters } = node.mapper.status()
      expect(counters.dropped.linkScope).toBe(4)
      expect([counters.icmpErrors, counters.sent, counters.delivered]).toEqual([0, 0, 0])
    }
  })

  it('lets others know at once when its host has no IPv6', async () => {
    const world = new FakeWorld()
    const left = start(world)
    const right = world.node()
    right.mapper.start()
    expect(right.mapper.virtualIpv6).toBeUndefined()
    left.device.send(udp6(ipOf(left), ipOf(right), 'hello'))
    await world.time.advance(1_000)
    expect(right.device.written).toEqual([])
    expect(errorsOf(left)).toEqual(['1/3'])
    right.device.send(udp6(ipOf(right), ipOf(left), 'x'))
    expect(right.mapper.status().counters.dropped.noOwnAddress).toBe(1)
  })

  it('tells the host when the node cannot be reached', async () => {
    const { world, left, right } = pair()
    left.carrier.isConnecting = false
    left.device.send(udp6(ipOf(left), ipOf(right), 'hello'))
    await world.time.advance(10_000)
    expect(left.mapper.status().counters.dropped.unreachable).toBe(1)
    expect(left.mapper.status().mappings).toEqual([])
  })

  it('gives the data plane rows and addresses of both families', async () => {
    const world = new FakeWorld()
    const rows = new Map<number | bigint, ForwardingRow>()
    const own: (readonly (number | bigint)[])[] = []
    const forwarding: ForwardingTable = {
      install: (row) => rows.set(row.base, row),
      withdraw: (base) => rows.delete(base),
      setOwn: (ips) => own.push(ips),
      onPunt: () => undefined,
    }
    const left = start(world, { forwarding }, true)
    const right = start(world)
    await world.time.until(() => left.ip() !== undefined && right.ip() !== undefined, 10_000)
    left.device.send(udp(left.ip(), right.ip(), 'x'), udp6(ipOf(left), ipOf(right), 'x'))
    await world.time.advance(1_000)
    expect(own.at(-1)).toEqual([ip(left.ip()), ipOf(left)])
    const row6 = { base: ipOf(right), prefixLength: 128, peer: right.address }
    expect(rows.get(ipOf(right))).toEqual({ ...row6, allowedSources: [ipOf(right)] })
    expect(rows.get(ip(right.ip()))).toMatchObject({ prefixLength: 32, peer: right.address })
    left.carrier.down(right.address)
    expect(rows.size).toBe(0)
    const stopped = left.mapper.stop()
    await world.time.advance(5_000)
    await stopped
    expect(own.at(-1)).toEqual([])
  })

  it('says who holds an address, and which addresses are inside', async () => {
    const { world, left, right } = pair()
    const asked = left.mapper.resolve(textOfIp(right))
    await world.time.advance(100)
    expect((await asked)?.equals(right.address)).toBe(true)
    expect((await left.mapper.resolve(textOfIp(left)))?.equals(left.address)).toBe(true)
    expect(left.mapper.isVirtualAddress(textOfIp(right).toUpperCase())).toBe(true)
    for (const host of ['fd00::1', 'fe80::1%eth0', '::ffff:10.9.9.9', 'host.example', '']) {
      expect(left.mapper.isVirtualAddress(host)).toBe(false)
    }
    expect(left.mapper.status().mappings).toMatchObject([{ ip: textOfIp(right) }])
  })

  it('survives random packets', async () => {
    const { world, left, right } = pair()
    world.connect(left.address, right.address)
    for (let count = 0; count < 1_000; count += 1) {
      const pick = () =>
        [ipOf(left), ipOf(right), 0n, BigInt(world.random.uint32())][world.random.below(4)] ?? 0n
      const payload = world.random.bytes(world.random.below(60))
      const nextHeader = [58, 17, 44][count % 3] ?? 0
      const packet = encodeIpv6({ source: pick(), destination: pick(), nextHeader, payload })
      if (count % 7 === 0) packet[4] = 0xff
      left.device.send(packet)
      right.carrier.sendIp(left.address, packet)
    }
    await world.time.advance(20_000)
    expect(left.mapper.status().waitingPackets).toBe(0)
  })
})

function start(world: FakeWorld, options: FakeNodeOptions = {}, isFounder = false): FakeNode {
  const node = isFounder ? world.founder(options) : world.node(options)
  node.mapper.start()
  node.mapper.useIpv6()
  return node
}

function pair(): { world: FakeWorld; left: FakeNode; right: FakeNode } {
  const world = new FakeWorld()
  return { world, left: start(world), right: start(world) }
}

function ipOf({ address }: FakeNode): Ipv6 {
  return NETWORK.addressOf(address)
}

function textOfIp({ mapper }: FakeNode): string {
  return mapper.ipv6Cidr.split('/')[0] ?? ''
}

/** Returns type and code of the ICMPv6 errors that the host was sent. */
function errorsOf({ device }: FakeNode): string[] {
  return device.written.map((packet) => packet.subarray(ICMP_TYPE, ICMP_TYPE + 2).join('/'))
}

/** The facade with fake DHT, carrier and device: from settings to packets. */
import { describe, expect, it } from '@jest/globals'
import { FakeDhtStore } from '../fakes/fake-dht.ts'
import { FakeWorld, SETTINGS } from '../fakes/fake-network.ts'
import { ip, textOf, udp } from '../fakes/packets.ts'
import { encodeDnsName } from '../../src/wire/dns.ts'
import { encodeUdp } from '../../src/wire/udp.ts'

describe('IpMapper', () => {
  it('gets settings and addresses, and carries a packet there and back', async () => {
    const world = new FakeWorld()
    const { left, right } = await world.pair()
    expect(left.events[0]).toBe(`address ${left.ip()}/16`)
    left.device.send(udp(left.ip(), right.ip(), 'hello'))
    await world.time.advance(1_000)
    expect(right.device.written.map(textOf)).toEqual(['hello'])
    right.device.send(udp(right.ip(), left.ip(), 'welcome'))
    await world.time.advance(1_000)
    expect(left.device.written.map(textOf)).toEqual(['welcome'])
  })

  it('keeps packets in order while it resolves and connects', async () => {
    const world = new FakeWorld()
    const { left, right } = await world.pair()
    for (let count = 0; count < 20; count += 1) {
      left.device.send(udp(left.ip(), right.ip(), String(count)))
      await world.time.advance(15)
    }
    await world.time.advance(1_000)
    expect(right.device.written.map(textOf)).toEqual([...Array(20).keys()].map(String))
  })

  it('tells the host that nobody holds an address', async () => {
    const world = new FakeWorld()
    const { left } = await world.pair()
    left.device.send(udp(left.ip(), '10.7.99.99', 'anybody?'))
    await world.time.advance(1_000)
    const [error] = left.device.written
    expect(error?.subarray(20, 22)).toEqual(new Uint8Array([3, 1]))
    expect(left.mapper.status().counters.dropped.unresolved).toBe(1)
  })

  it('tells the host when the holder cannot be reached', async () => {
    const world = new FakeWorld()
    const { left, right } = await world.pair()
    left.carrier.isConnecting = false
    left.device.send(udp(left.ip(), right.ip(), 'hello'))
    await world.time.advance(10_000)
    expect(left.mapper.status().counters.dropped.unreachable).toBe(1)
    expect(left.device.written[0]?.subarray(20, 22)).toEqual(new Uint8Array([3, 1]))
    expect(left.mapper.status().mappings).toEqual([])
  })

  it('refuses packets whose source belongs to another node', async () => {
    const world = new FakeWorld()
    const { left, right } = await world.pair()
    const mallory = world.node()
    mallory.mapper.start()
    await world.time.until(() => mallory.ip() !== undefined, 10_000)
    world.connect(mallory.address, right.address)
    mallory.carrier.sendIp(right.address, udp(left.ip(), right.ip(), 'forged'))
    mallory.carrier.sendIp(right.address, udp('10.7.200.200', right.ip(), 'invented'))
    mallory.carrier.sendIp(right.address, udp(mallory.ip(), right.ip(), 'honest'))
    await world.time.advance(1_000)
    expect(right.device.written.map(textOf)).toEqual(['honest'])
    const { dropped } = right.mapper.status().counters
    expect([dropped.spoofed, dropped.unverifiedSource]).toEqual([1, 1])
  })

  it('gives everything back on stop', async () => {
    const world = new FakeWorld()
    const left = world.founder({ hostname: 'alice', isMulticastEnabled: true })
    left.mapper.start()
    await world.time.until(() => left.ip() !== undefined, 10_000)
    await world.time.advance(100)
    const held = left.ip()
    const keys = () =>
      [...world.store.entries].filter(([, entries]) => entries.length > 0).map(([key]) => key)
    expect(keys().sort()).toEqual(
      [`dhcp:lab:${held}`, 'dhcp:lab', 'lab.alice.ipop', 'lab.multicast.ipop'].sort(),
    )
    const stopped = left.mapper.stop()
    await world.time.advance(5_000)
    await stopped
    expect(keys()).toEqual(['dhcp:lab'])
    expect(left.events.at(-1)).toBe(`lost ${held} released`)
  })

  it('stops in bounded time when the DHT does not answer', async () => {
    const world = new FakeWorld()
    const { left } = await world.pair()
    left.dht.isHanging = true
    let isStopped = false
    void left.mapper.stop().then(() => (isStopped = true))
    await world.time.advance(3_500)
    expect(isStopped).toBe(true)
  })

  it('finds the settings when they appear later, and persists its address', async () => {
    const world = new FakeWorld()
    const late = world.node()
    late.mapper.start()
    await world.time.advance(20_000)
    expect(late.ip()).toBeUndefined()
    world.founder().mapper.start()
    await world.time.until(() => late.ip() !== undefined, 15_000)
    expect(late.saved).toEqual([ip(late.ip())])
    const again = world.node({ previous: ip('10.7.3.4') })
    again.mapper.start()
    await world.time.until(() => again.ip() !== undefined, 15_000)
    expect(again.ip()).toBe('10.7.3.4')
  })

  it('keeps 50 of 50 addresses when 50 tiny rings merge into one', async () => {
    const world = new FakeWorld(50)
    const nodes = [...Array(50).keys()].map(() => world.founder({ store: new FakeDhtStore() }))
    for (const node of nodes) node.mapper.start()
    await world.time.until(() => nodes.every((node) => node.ip() !== undefined), 5_000)
    for (const node of nodes) {
      // What the node stored alone never reaches the larger ring: it has to claim again.
      node.dht.store = world.store
      node.carrier.neighborsChanged()
      await world.time.advance(100)
    }
    await world.time.advance(60_000)
    const ips = new Set(nodes.map((node) => node.ip()))
    expect(ips.size).toBe(50)
    expect(ips.has(undefined)).toBe(false)
    for (const node of nodes) {
      expect(world.store.entries.get(`dhcp:lab:${node.ip()}`)).toHaveLength(1)
    }
  })

  it('lets one owner win after a merge, and the other takes a new address and says so', async () => {
    const world = new FakeWorld()
    const otherStore = new FakeDhtStore()
    const first = world.founder({ previous: ip('10.7.1.1') })
    const second = world.founder({ previous: ip('10.7.1.1'), store: otherStore })
    first.mapper.start()
    await world.time.advance(500)
    second.mapper.start()
    await world.time.advance(500)
    expect([first.ip(), second.ip()]).toEqual(['10.7.1.1', '10.7.1.1'])
    world.store.merge(otherStore)
    second.dht.store = world.store
    // No neighbour changed: the periodic look at the own claim has to find it.
    await world.time.advance(240_000)
    expect(first.ip()).toBe('10.7.1.1')
    expect(second.ip()).not.toBe('10.7.1.1')
    expect(second.events).toContain('conflict 10.7.1.1 held')
    expect(second.events).toContain('lost 10.7.1.1 conflict')
  })

  it('moves traffic to the new holder of an address at once when the old one denies it', async () => {
    const world = new FakeWorld()
    const { left, right } = await world.pair()
    left.device.send(udp(left.ip(), right.ip(), 'one'))
    await world.time.advance(1_000)
    const moved = right.ip()
    // A merge that the other claim wins.
    const heir = world.node({ previous: ip(moved) })
    world.store.entries.delete(`dhcp:lab:${moved}`)
    heir.mapper.start()
    await world.time.until(() => right.ip() !== moved && right.ip() !== undefined, 300_000)
    expect(heir.ip()).toBe(moved)
    left.device.send(udp(left.ip(), moved, 'two'))
    await world.time.advance(100)
    expect(left.mapper.status().counters.staleMappings).toBe(1)
    left.device.send(udp(left.ip(), moved, 'three'))
    await world.time.advance(1_000)
    expect(right.device.written.map(textOf)).toEqual(['one'])
    expect(heir.device.written.map(textOf)).toEqual(['three'])
  })

  it('finds hosts by the names they registered', async () => {
    const world = new FakeWorld()
    const alice = world.founder({ hostname: 'Alice', dns: 'DhtDns' })
    const bob = world.node({ dns: 'DhtDns' })
    alice.mapper.start()
    bob.mapper.start()
    await world.time.until(() => alice.ip() !== undefined && bob.ip() !== undefined, 10_000)
    await world.time.advance(100)
    const name = encodeDnsName('alice.ipop')
    bob.device.send(
      encodeUdp({
        source: ip(bob.ip()),
        sourcePort: 9_999,
        destination: ip('10.7.0.1'),
        destinationPort: 53,
        data: new Uint8Array([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 1, 0, 1]),
      }),
    )
    await world.time.advance(100)
    expect(bob.device.written[0]?.subarray(-4).join('.')).toBe(alice.ip())
  })

  it('copies multicast packets to the members, and to nobody else', async () => {
    const world = new FakeWorld()
    const members = [world.founder({ isMulticastEnabled: true })]
    members.push(world.node({ isMulticastEnabled: true }), world.node({ isMulticastEnabled: true }))
    const outsider = world.node()
    const all = [...members, outsider]
    for (const node of all) node.mapper.start()
    await world.time.until(() => all.every((node) => node.ip() !== undefined), 10_000)
    const [sender] = members
    // The first packets find out who is there, and connect.
    for (const text of ['1', '2', '3']) {
      sender?.device.send(udp(sender.ip(), '224.0.0.251', text))
      await world.time.advance(1_000)
    }
    const received = all.map((node) => node.device.written.map(textOf))
    expect(received).toEqual([[], ['3'], ['3'], []])
    sender?.device.send(udp(sender.ip(), '10.7.255.255', 'all'))
    await world.time.advance(1_000)
    expect(members[1]?.device.written.map(textOf)).toEqual(['3', 'all'])
    expect(sender?.mapper.status().counters.multicastCopies).toBe(4)
  })

  it('recognises addresses inside the virtual network', async () => {
    const world = new FakeWorld()
    const { left } = await world.pair()
    const isVirtual = (host: string) => left.mapper.isVirtualAddress(host)
    expect(['10.7.0.1', '::ffff:10.7.1.2'].map(isVirtual)).toEqual([true, true])
    expect(['10.8.0.1', 'example.org', '::1', ''].map(isVirtual)).toEqual([
      false,
      false,
      false,
      false,
    ])
  })

  it('refuses settings and static addresses that cannot work', () => {
    const world = new FakeWorld()
    const settings = { fields: SETTINGS, text: '' }
    expect(() => world.node({ settings, staticAddress: '10.8.0.5' })).toThrow('STATIC_ADDRESS')
    expect(() => world.node({ staticAddress: '10.8.0' })).toThrow('STATIC_ADDRESS')
    const other = { fields: { ...SETTINGS, namespace: 'other' }, text: '' }
    expect(() => world.node({ settings: other })).toThrow('BAD_SETTINGS')
    const broken = { fields: { ...SETTINGS, netmask: '255.0.255.0' }, text: '' }
    expect(() => world.node({ settings: broken })).toThrow('BAD_SETTINGS')
  })

  it('answers resolve() for itself, for others and for nobody', async () => {
    const world = new FakeWorld()
    const { left, right } = await world.pair()
    const answers = Promise.all(
      [left.ip(), right.ip(), '10.7.9.9', 'x'].map((text) => left.mapper.resolve(text ?? '')),
    )
    await world.time.advance(100)
    expect((await answers).map((address) => address?.toString())).toEqual([
      left.address.toString(),
      right.address.toString(),
      undefined,
      undefined,
    ])
  })
})

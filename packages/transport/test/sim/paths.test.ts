/** Which path carries a channel: preference, failure, movement, and what an outsider cannot change. */
import { describe, expect, it } from '@jest/globals'
import { hardNat, World } from '@ipop/simulator'
import { TransportAddress } from '@ipop/transport'
import { connected, frameOf, twoNodes, udpNode } from '../helpers/nodes.ts'
import { joinedEdges } from '../helpers/ring-edges.ts'

describe('path choice', () => {
  it('starts over the ring and moves to direct UDP when that works', async () => {
    const { world, hosts, left, right } = await twoNodes()
    world.block(hosts[0], hosts[1])
    const [atLeft] = joinedEdges(hosts[0].runtime, [left, right], { kind: 'ring', delayMs: 100 })
    const hint = right.table.hintOf()
    const channel = left.table.dial({ ...hint, endpoints: [] })
    channel.addEdge(atLeft)
    await world.run({ forMs: 2_000 })
    expect(channel.state).toBe('up')
    expect(channel.activeEdge?.kind).toBe('ring')
    left.table.dial(hint)
    await world.run({ forMs: 5_000 })
    expect(channel.activeEdge?.kind).toBe('ring')
    world.unblock(hosts[0], hosts[1])
    await world.run({ forMs: 10_000 })
    expect(channel.activeEdge?.kind).toBe('udp')
    expect(left.told.pathChanges.length).toBeGreaterThan(0)
    await world.run({ forMs: 20_000 })
    expect(right.table.channel(left.table.address)?.activeEdge?.kind).toBe('udp')
  })

  it('prefers direct TCP to a relay and a relay to the ring', async () => {
    const { world, hosts, left, right } = await twoNodes()
    world.block(hosts[0], hosts[1])
    const kinds = ['ring', 'relay', 'tcp'] as const
    const channel = left.table.dial({ ...right.table.hintOf(), endpoints: [] })
    for (const kind of kinds) {
      const pair = joinedEdges(hosts[0].runtime, [left, right], { kind, delayMs: 30 })
      channel.addEdge(pair[0])
      await world.run({ forMs: 1_000 })
      expect(channel.activeEdge?.kind).toBe(kind)
    }
  })

  it('falls back when the active path dies, and returns when it works again', async () => {
    const { world, hosts, toRight, toLeft, left, right } = await connected()
    const [atLeft] = joinedEdges(hosts[0].runtime, [left, right], { kind: 'ring', delayMs: 50 })
    toRight.addEdge(atLeft)
    await world.run({ forMs: 5_000 })
    expect(toRight.activeEdge?.kind).toBe('udp')
    world.block(hosts[0], hosts[1])
    await world.run({ forMs: 30_000 })
    expect(toRight.state).toBe('up')
    expect(toRight.activeEdge?.kind).toBe('ring')
    expect(toLeft.activeEdge?.kind).toBe('ring')
    world.unblock(hosts[0], hosts[1])
    await world.run({ forMs: 90_000 })
    expect(toRight.activeEdge?.kind).toBe('udp')
    expect(toLeft.activeEdge?.kind).toBe('udp')
    expect(left.told.down).toEqual([])
  })

  it('leaves a path that works one way only, at both ends', async () => {
    const { world, hosts, toRight, toLeft, left, right } = await connected()
    const [atLeft] = joinedEdges(hosts[0].runtime, [left, right], { kind: 'relay', delayMs: 50 })
    toRight.addEdge(atLeft)
    await world.run({ forMs: 5_000 })
    world.setLink(hosts[0], hosts[1], { lossProbability: 1 }, { oneWay: true })
    await world.run({ forMs: 40_000 })
    expect(toRight.activeEdge?.kind).toBe('relay')
    expect(toLeft.activeEdge?.kind).toBe('relay')
    expect(left.told.down).toEqual([])
  })

  it('moves to the quicker of two paths of a kind, with hysteresis', async () => {
    const { world, hosts, left, right } = await twoNodes()
    world.block(hosts[0], hosts[1])
    const pair = [left, right] as const
    const { runtime } = hosts[0]
    const [slow] = joinedEdges(runtime, pair, { kind: 'relay', delayMs: 50, id: 'slow' })
    const [similar] = joinedEdges(runtime, pair, { kind: 'relay', delayMs: 47, id: 'similar' })
    const [quick] = joinedEdges(runtime, pair, { kind: 'relay', delayMs: 20, id: 'quick' })
    const channel = left.table.dial({ ...right.table.hintOf(), endpoints: [] })
    channel.addEdge(slow)
    await world.run({ forMs: 1_000 })
    channel.addEdge(similar)
    await world.run({ forMs: 60_000 })
    expect(channel.activeEdge?.id).toBe(slow.id)
    channel.addEdge(quick)
    await world.run({ forMs: 120_000 })
    expect(channel.activeEdge?.id).toBe(quick.id)
  })

  it('drops a path whose edge closes and uses another at once', async () => {
    const { world, hosts, left, right } = await twoNodes()
    world.block(hosts[0], hosts[1])
    const pair = [left, right] as const
    const [relay] = joinedEdges(hosts[0].runtime, pair, { kind: 'relay', delayMs: 20 })
    const [ring] = joinedEdges(hosts[0].runtime, pair, { kind: 'ring', delayMs: 20 })
    const channel = left.table.dial({ ...right.table.hintOf(), endpoints: [] })
    channel.addEdge(relay)
    channel.addEdge(ring)
    await world.run({ forMs: 2_000 })
    expect(channel.activeEdge?.kind).toBe('relay')
    relay.isOpen = false
    expect(channel.send(frameOf('still'))).toBe(true)
    await world.run({ forMs: 1_000 })
    expect(right.told.frames.map((frame) => frame.text)).toEqual(['still'])
    expect(channel.activeEdge?.kind).toBe('ring')
  })
})

describe('a peer that moves', () => {
  it('is followed after an authenticated datagram from its new endpoint', async () => {
    const { world, hosts, toRight, toLeft } = await connected()
    await world.run({ forMs: 3_000 })
    hosts[0].setAddresses(['10.99.0.1'])
    toRight.send(frameOf('from elsewhere'))
    await world.run({ forMs: 200 })
    expect(toLeft.activeEdge?.remote?.host).toBe('10.99.0.1')
    expect(toLeft.hint.endpoints[0]?.host).toBe('10.99.0.1')
    toLeft.send(frameOf('found you'))
    await world.run({ forMs: 100 })
    expect(toRight.counters.packetsIn).toBeGreaterThan(0)
  })

  it('is followed when it was idle, before it counts as lost', async () => {
    const { world, hosts, toLeft, left, right } = await connected()
    await world.run({ forMs: 3_000 })
    hosts[0].setAddresses(['10.99.0.1'])
    await world.run({ forMs: 40_000 })
    expect(toLeft.activeEdge?.remote?.host).toBe('10.99.0.1')
    expect(left.told.down).toEqual([])
    expect(right.told.down).toEqual([])
  })

  it('is not moved by what an outsider sends or replays', async () => {
    const { world, hosts, toLeft, right, left } = await connected()
    await world.run({ forMs: 3_000 })
    const before = toLeft.activeEdge?.id
    const edges = toLeft.edges.length
    const heard: Uint8Array[] = []
    const outsider = world.addHost({ name: 'outsider' })
    const socket = await outsider.runtime.datagrams.bind(
      { host: '0.0.0.0', port: 9 },
      { onDatagram: (bytes) => heard.push(bytes.slice()), onError: () => undefined },
    )
    const to = { host: hosts[1].address, port: 4000 }
    const spied: Uint8Array[] = []
    const handle = right.listener.handleDatagram.bind(right.listener)
    right.listener.handleDatagram = (bytes, from) => {
      if (bytes[0] === 4) spied.push(bytes.slice())
      handle(bytes, from)
    }
    left.table.channel(right.table.address)?.send(frameOf('spied on'))
    await world.run({ forMs: 1_000 })
    for (const bytes of spied) {
      socket.send(bytes, to)
      const forged = bytes.slice()
      forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
      socket.send(forged, to)
    }
    await world.run({ forMs: 5_000 })
    expect(spied.length).toBeGreaterThan(0)
    expect(toLeft.activeEdge?.id).toBe(before)
    expect(toLeft.edges).toHaveLength(edges)
    expect(heard).toEqual([])
    expect(right.told.frames).toHaveLength(1)
  })
})

describe('addresses', () => {
  it('learns where others see it behind a NAT and offers that', async () => {
    const world = new World({ seed: 2, latencyMs: 10 })
    const nat = world.addNat({ address: '203.0.113.1' })
    const inside = await udpNode(world.addHost({ behind: nat, addresses: ['192.168.0.2'] }))
    const outside = await udpNode(world.addHost({ addresses: ['198.51.100.1'] }))
    const ta = TransportAddress.udp({ host: '198.51.100.1', port: 4000 })
    const asked = inside.table.hello(ta)
    await world.run({ forMs: 1_000 })
    const reply = await asked
    expect(reply?.observed.host).toBe('203.0.113.1')
    expect(inside.table.hintOf().endpoints.map((e) => e.host)).toEqual([
      '192.168.0.2',
      '203.0.113.1',
    ])
    if (!reply) throw new Error('no reply')
    inside.table.dial(reply.hint)
    await world.run({ forMs: 1_000 })
    expect(outside.told.up[0]?.activeEdge?.remote?.host).toBe('203.0.113.1')
  })

  it('connects two nodes behind easy NATs that dial at once', async () => {
    const { world, nodes } = await behindNats({})
    const [a, b] = nodes
    a.table.dial(b.table.hintOf())
    b.table.dial(a.table.hintOf())
    await world.run({ forMs: 3_000 })
    expect(a.told.up).toHaveLength(1)
    expect(b.told.up).toHaveLength(1)
  })

  it('keeps a relayed channel where hard NATs leave no direct path', async () => {
    const { world, nodes, hosts } = await behindNats(hardNat)
    const [a, b] = nodes
    const [atA] = joinedEdges(hosts[0].runtime, [a, b], { kind: 'relay', delayMs: 30 })
    const channel = a.table.dial(b.table.hintOf())
    channel.addEdge(atA)
    await world.run({ forMs: 120_000 })
    expect(channel.state).toBe('up')
    expect(channel.activeEdge?.kind).toBe('relay')
  })

  it('never uses or offers an address that the owner forbids', async () => {
    const { world, hosts, left, right } = await twoNodes()
    const forbidden = hosts[1].address
    left.table.isAddressAllowed = (host) => host !== forbidden
    left.table.dial(right.table.hintOf())
    await world.run({ forMs: 30_000 })
    expect(left.told.down.map((event) => event.reason)).toEqual(['unreachable'])
    expect(hosts[1].stats.datagramsReceived).toBe(0)
    right.table.isAddressAllowed = (host) => host !== forbidden
    expect(right.table.hintOf().endpoints).toEqual([])
  })

  it('uses loopback endpoints only for peers on this machine', async () => {
    const { world, hosts, left, right } = await twoNodes()
    const neighbor = await udpNode(hosts[0], { port: 5000 })
    const loopback = TransportAddress.udp({ host: '127.0.0.1', port: 5000 })
    const far = { ...right.table.hintOf(), endpoints: [loopback] }
    left.table.dial(far)
    await world.run({ forMs: 1_000 })
    expect(neighbor.listener.stats().datagramsIn).toBe(0)
    const asked = left.table.hello(loopback)
    await world.run({ forMs: 1_000 })
    const reply = await asked
    expect(reply?.hint.endpoints[0]?.toString()).toBe('brunet.udp://127.0.0.1:5000')
    if (reply) left.table.dial(reply.hint)
    await world.run({ forMs: 1_000 })
    expect(neighbor.told.up).toHaveLength(1)
  })

  it('resolves the host name of a port and asks every address', async () => {
    const { world, hosts, left, right } = await twoNodes()
    world.setName('bootstrap.example', ['10.1.2.3', hosts[1].address])
    const ta = TransportAddress.parse('brunet.udp://bootstrap.example:4000')
    if (!(ta instanceof TransportAddress)) throw new Error(ta.reason)
    const asked = left.table.hello(ta)
    await world.run({ forMs: 1_000 })
    expect((await asked)?.hint.address.equals(right.table.address)).toBe(true)
    const unknown = left.table.hello(ta.withHost('nowhere.example'), 500)
    await world.run({ forMs: 1_000 })
    expect(await unknown).toBeUndefined()
  })
})

async function behindNats(behaviour: object) {
  const world = new World({ seed: 4, latencyMs: 10 })
  const bootstrap = await udpNode(world.addHost({ addresses: ['198.51.100.1'] }))
  const hosts = [1, 2].map((i) => {
    const nat = world.addNat({ address: `203.0.113.${i}`, behaviour })
    return world.addHost({ behind: nat, addresses: ['192.168.0.2'] })
  })
  const [one, two] = hosts
  if (!one || !two) throw new Error('two hosts')
  const nodes = [await udpNode(one), await udpNode(two)] as const
  const [ta] = bootstrap.table.hintOf().endpoints
  if (!ta) throw new Error('no address')
  for (const node of nodes) void node.table.hello(ta)
  await world.run({ forMs: 500 })
  return { world, nodes, hosts: [one, two] as const }
}

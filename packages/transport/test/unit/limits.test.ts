/** Every cap of the transport is reached once. */
import { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import { SeededRandom, World } from '@ipop/simulator'
import {
  type DatagramReceiver,
  type Edge,
  encodeHello,
  HelloResponder,
  IndexTable,
  PortNodes,
  ReflexiveAddresses,
  TransportAddress,
} from '@ipop/transport'
import { ChannelRegistry } from '../../src/channel/channel-registry.ts'
import { Dialer } from '../../src/channel/dialer.ts'
import { EndpointCandidates } from '../../src/channel/endpoint-candidates.ts'
import { Path } from '../../src/channel/path.ts'
import { PathSearch } from '../../src/channel/path-search.ts'
import { PathSet } from '../../src/channel/path-set.ts'
import { ReentrancyGuard } from '../../src/channel/reentrancy-guard.ts'
import { HelloClient } from '../../src/hello/hello-client.ts'
import { HelloRateLimit } from '../../src/hello/hello-rate-limit.ts'
import * as limits from '../../src/limits.ts'
import { DropCounts } from '../../src/stats/drop-counts.ts'
import { LocalDelivery } from '../../src/udp/local-delivery.ts'
import { UdpEdge } from '../../src/udp/udp-edge.ts'
import { UdpEdgeTable } from '../../src/udp/udp-edge-table.ts'
import { decodePeerHint, encodePeerHint } from '../../src/wire/peer-hint.ts'
import { udpNode } from '../helpers/nodes.ts'

describe('caps', () => {
  it('of receiver indices', () => {
    const table = new IndexTable({ random: new SeededRandom(1) }, 1_000)
    const allocator = table.allocatorFor({})
    const indices = Array.from({ length: 1_000 }, () => allocator.allocate())
    expect(new Set(indices).size).toBe(1_000)
    expect(() => allocator.allocate()).toThrow('TRANSPORT_INDEXES_FULL')
    table.allocatorFor({}).release(indices[0] ?? 0)
    expect(() => allocator.allocate()).toThrow('TRANSPORT_INDEXES_FULL')
    allocator.release(indices[0] ?? 0)
    expect(table.ownerOf(allocator.allocate())).toBeDefined()
    expect(limits.INDEXES_MAX).toBeGreaterThan(16 * 4_096 * 4)
  })

  it('of nodes behind a port, and of paths that name one', () => {
    const nodes = portNodes()
    for (let i = 0; i < limits.NODES_PER_PORT_MAX; i++) nodes.attach(receiver(), `${i}`)
    expect(() => nodes.attach(receiver())).toThrow('TRANSPORT_NODES_FULL')
    const few = portNodes()
    few.attach(receiver(), 'same')
    expect(() => few.attach(receiver(), 'same')).toThrow('TRANSPORT_PATH_TAKEN')
  })

  it('of UDP edges: idle ones go first', () => {
    const table = new UdpEdgeTable(3)
    const edges = [1, 2, 3, 4].map(udpEdge)
    const [first, second, third, fourth] = edges as [UdpEdge, UdpEdge, UdpEdge, UdpEdge]
    table.hold(first, 0)
    table.hold(second, 1)
    table.hold(third, 2)
    table.hold(first, 3)
    table.hold(fourth, 4)
    expect(table.size).toBe(3)
    expect(table.get(second.endpoint)).toBeUndefined()
    expect(table.get(first.endpoint)).toBe(first)
    table.forget(first)
    expect(table.get(first.endpoint)).toBeUndefined()
    const full = new UdpEdgeTable()
    for (let i = 0; i <= limits.UDP_EDGES_MAX; i++)
      full.hold(udpEdge(i), i * limits.UDP_EDGE_IDLE_MS)
    expect(full.size).toBe(limits.UDP_EDGES_MAX)
  })

  it('of datagrams within the process', async () => {
    const world = new World({ seed: 1 })
    const { runtime } = world.addHost()
    let delivered = 0
    const local = new LocalDelivery(runtime, () => delivered++)
    const from = { host: '127.0.0.1', port: 1 }
    let accepted = 0
    for (let i = 0; i < limits.LOCAL_QUEUE_MAX; i++) {
      if (local.send(Uint8Array.of(1), from)) accepted++
    }
    expect(accepted).toBe(limits.LOCAL_QUEUE_MAX)
    expect(local.send(Uint8Array.of(1), from)).toBe(false)
    await world.run({ forMs: 1 })
    expect(delivered).toBe(limits.LOCAL_QUEUE_MAX)
  })

  it('of hello answers, per host and in all', () => {
    const rate = new HelloRateLimit()
    const count = (host: () => string, now: number, tries: number) => {
      let allowed = 0
      for (let i = 0; i < tries; i++) if (rate.allow(host(), now)) allowed++
      return allowed
    }
    expect(count(() => '10.0.0.1', 0, 1_000)).toBe(limits.HELLO_ANSWERS_PER_HOST_PER_SECOND_MAX)
    let n = 0
    const rest = limits.HELLO_ANSWERS_PER_SECOND_MAX - limits.HELLO_ANSWERS_PER_HOST_PER_SECOND_MAX
    expect(count(() => `10.1.${n >> 8}.${n++ & 255}`, 999, 5_000)).toBe(rest)
    expect(count(() => '10.0.0.1', 1_000, 1)).toBe(1)
  })

  it('of the length of hellos: a reply is never longer', () => {
    const nodes = portNodes()
    const endpoints = Array.from({ length: 40 }, (_, i) =>
      TransportAddress.udp({ host: `10.0.0.${i}`, port: 4000 }),
    )
    nodes.attach(receiver({ record: new Uint8Array(411), status: 0, endpoints }))
    const responder = new HelloResponder(nodes)
    const observed = TransportAddress.udp({ host: '2001:db8::1', port: 4000 })
    const hello = encodeHello({ transaction: new Uint8Array(8), asker: Address.zero })
    expect(hello).toHaveLength(limits.HELLO_BYTES)
    const reply = responder.answer(hello, observed, 0)
    if (reply instanceof Malformed) throw new Error(reply.reason)
    expect(reply.length).toBeLessThanOrEqual(limits.HELLO_BYTES)
    expect(responder.answer(hello.subarray(0, 300), observed, 0)).toEqual(
      new Malformed('hello reply: record does not fit'),
    )
    const short = hello.subarray(0, limits.HELLO_BYTES_MIN - 1)
    expect(responder.answer(short, observed, 0)).toBeInstanceOf(Malformed)
    const long = new Uint8Array(60_000)
    long.set(hello)
    expect((responder.answer(long, observed, 0) as Uint8Array).length).toBeLessThanOrEqual(
      limits.HELLO_BYTES,
    )
  })

  it('of hellos that are short: they suit records like the own one, and those after any', () => {
    const lengths = (recordBytes: number) => {
      const modules = { random: new SeededRandom(1), wallTimeMs: () => 0 }
      const client = new HelloClient(modules, { asker: Address.zero, recordBytes })
      const sent: number[] = []
      const edge = { send: (bytes: Uint8Array) => sent.push(bytes.length) } as unknown as Edge
      client.ask({ giveUpAt: 9_000 }, () => undefined, 0)?.(edge)
      for (const at of [250, 750, 1_750, 3_750]) client.handleTimeout(at)
      return sent
    }
    expect(limits.HELLO_SHORT_SENDS).toBe(3)
    expect(lengths(155)).toEqual([256, 256, 256, 576, 576])
    expect(lengths(400)).toEqual([490, 490, 490, 576, 576])
    expect(lengths(500)).toEqual([576, 576, 576, 576, 576])
  })

  it('of hellos pending', () => {
    const client = new HelloClient(
      { random: new SeededRandom(1), wallTimeMs: () => 0 },
      { asker: Address.zero, recordBytes: 155 },
    )
    const ask = () => client.ask({ giveUpAt: 1_000 }, () => undefined, 0)
    for (let i = 0; i < limits.HELLOS_PENDING_MAX; i++) expect(ask()).toBeDefined()
    expect(ask()).toBeUndefined()
    client.handleTimeout(1_000)
    expect(client.pollTimeout()).toBeUndefined()
    expect(ask()).toBeDefined()
  })

  it('of endpoints in a hint', () => {
    const endpoints = Array.from({ length: 40 }, (_, i) =>
      TransportAddress.udp({ host: `10.0.0.${i}`, port: 4000 }),
    )
    const hint = { address: Address.zero, sessionKey: new Uint8Array(32), endpoints }
    const decoded = decodePeerHint(encodePeerHint(hint))
    if (decoded instanceof Malformed) throw new Error(decoded.reason)
    expect(decoded.endpoints).toHaveLength(limits.HINT_ENDPOINTS_MAX)
  })

  it('of candidates and paths of a channel: proven ones stay', () => {
    const candidates = new EndpointCandidates()
    const count = limits.PATHS_PER_CHANNEL_MAX + 5
    for (let i = 0; i < count; i++) {
      candidates.add([TransportAddress.udp({ host: `10.0.0.${i}`, port: 1 })], 0)
    }
    expect(candidates.endpoints()).toHaveLength(limits.PATHS_PER_CHANNEL_MAX)
    expect(candidates.endpoints().at(-1)?.host).toBe(`10.0.0.${count - 1}`)
    const paths = new PathSet()
    for (let i = 0; i < limits.PATHS_PER_CHANNEL_MAX; i++) {
      const path = paths.add(udpEdge(i), 1_000)
      if (path) path.lastHeardAt = 1_000 - i
      if (path && i === 23) paths.activate(path, 0)
    }
    // Paths heard lately stay; the one unheard for longest goes first.
    expect(paths.add(udpEdge(100), 2_000)).toBeUndefined()
    expect(paths.add(udpEdge(100), 10_000)).toBeDefined()
    expect(paths.size).toBe(limits.PATHS_PER_CHANNEL_MAX)
    expect(paths.get(udpEdge(22).id)).toBeUndefined()
    expect(paths.active?.edge.id).toBe(udpEdge(23).id)
  })

  it('of pings that may still be answered', () => {
    const path = new Path(udpEdge(1))
    for (let id = 0; id <= limits.PINGS_OUTSTANDING_MAX; id++) path.pingSent(id, id)
    expect(path.pongReceived(0, 100)).toBeUndefined()
    expect(path.pongReceived(1, 100)).toBe(99)
  })

  it('of datagrams that arrive while one is handled', () => {
    const handled: number[] = []
    const edge = udpEdge(1)
    const guard: ReentrancyGuard = new ReentrancyGuard((datagram) => {
      handled.push(datagram[0] ?? 0)
      if (datagram[0] === 1) return
      const borrowed = Uint8Array.of(1)
      for (let i = 1; i <= limits.REENTRANT_QUEUE_MAX; i++) guard.run(borrowed, edge)
      expect(guard.run(borrowed, edge)).toBe(false)
      borrowed[0] = 2
    })
    expect(guard.run(Uint8Array.of(0), edge)).toBe(true)
    expect(handled).toHaveLength(limits.REENTRANT_QUEUE_MAX + 1)
    expect(handled.every((value, i) => value === (i === 0 ? 0 : 1))).toBe(true)
  })

  it('of reflexive addresses, and of those offered', () => {
    const reflexive = new ReflexiveAddresses()
    for (let i = 0; i < limits.REFLEXIVE_ADDRESSES_MAX + 4; i++) {
      const ta = TransportAddress.udp({ host: `203.0.113.${i}`, port: 1 })
      for (let reporter = 0; reporter < 20; reporter++) reflexive.observe(ta, `${reporter}`, i)
    }
    expect(reflexive.list(20)).toHaveLength(limits.REFLEXIVE_ADDRESSES_MAX)
    expect(reflexive.offered(20)).toHaveLength(limits.REFLEXIVE_ADDRESSES_OFFERED_MAX)
    expect(reflexive.list(20)[0]?.reporters.size).toBe(limits.REPORTERS_MAX)
    expect(reflexive.offered(20)[0]?.host).toBe('203.0.113.19')
    expect(reflexive.list(limits.REFLEXIVE_ADDRESS_TTL_MS + 100)).toEqual([])
    const loopback = TransportAddress.udp({ host: '127.0.0.1', port: 1 })
    expect(reflexive.observe(loopback, 'x', 0)).toBe(false)
  })

  it('of reasons for drops', () => {
    const drops = new DropCounts()
    for (let i = 0; i < limits.DROP_REASONS_MAX + 10; i++) drops.count(`reason ${i}`)
    expect(Object.keys(drops.snapshot())).toHaveLength(limits.DROP_REASONS_MAX + 1)
    expect(drops.snapshot()['other']).toBe(10)
  })

  it('of peers known to be on this machine', () => {
    const world = new World({ seed: 1 })
    const { runtime } = world.addHost()
    const dialer = new Dialer(runtime, { listeners: [] })
    const random = new SeededRandom(1)
    const hints = Array.from({ length: limits.MACHINE_PEERS_MAX + 1 }, () => ({
      address: Address.random(random),
      sessionKey: new Uint8Array(32),
      endpoints: [TransportAddress.udp({ host: '127.0.0.1', port: 1 })],
    }))
    for (const hint of hints) dialer.noteMachinePeer(hint.address.key)
    expect(hints.filter((hint) => dialer.usableEndpoints(hint).length === 1)).toHaveLength(
      limits.MACHINE_PEERS_MAX,
    )
  })

  it('of the search for better paths: slow in the end, but never over', () => {
    const search = new PathSearch({ random: new SeededRandom(1) })
    for (const [isDirect, max] of [
      [false, limits.SEARCH_INTERVAL_MAX_MS],
      [true, limits.SEARCH_INTERVAL_DIRECT_MAX_MS],
    ] as const) {
      let now = 0
      search.restart(now)
      for (let round = 0; round < 30; round++) {
        expect(search.handleTimeout(now, { isDirect })).toBe(true)
        expect(search.handleTimeout(now, { isDirect })).toBe(false)
        const pause = search.pollTimeout() - now
        expect(pause).toBeLessThanOrEqual(max * 1.1)
        now += pause
        if (round === 29) expect(pause).toBeGreaterThanOrEqual(max * 0.9)
      }
    }
  })

  it('of channels of a node: a dial beyond it goes down at once', async () => {
    const world = new World({ seed: 1 })
    const node = await udpNode(world.addHost(), { channelsMax: 8 })
    const random = new SeededRandom(2)
    const dial = () =>
      node.table.dial({
        address: Address.random(random),
        sessionKey: random.bytes(32),
        endpoints: [],
      })
    for (let i = 0; i < 8; i++) expect(dial().state).toBe('connecting')
    expect(dial().state).toBe('down')
    await world.run({ forMs: 1 })
    expect(node.told.down.map((event) => event.reason)).toEqual(['table full'])
    expect(node.table.stats().channels).toBe(8)
    expect(new ChannelRegistry().max).toBe(limits.CHANNELS_MAX)
  })

  it('of channels of a node: an incoming session beyond it is dropped', async () => {
    const world = new World({ seed: 1 })
    const node = await udpNode(world.addHost(), { channelsMax: 1 })
    const others = [await udpNode(world.addHost()), await udpNode(world.addHost())]
    for (const other of others) other.table.dial(node.table.hintOf())
    await world.run({ forMs: 1_000 })
    expect(node.told.up).toHaveLength(1)
    expect(node.table.stats().drops['table full']).toBeGreaterThan(0)
  })
})

function portNodes(): PortNodes {
  return new PortNodes(new IndexTable({ random: new SeededRandom(1) }))
}

function receiver(
  identity = { record: new Uint8Array(8), status: 0, endpoints: [] as TransportAddress[] },
) {
  const one: DatagramReceiver = {
    address: Address.fromBytes(new Uint8Array(20).fill(2)),
    claims: () => false,
    ownsIndex: () => false,
    receive: (_datagram: Uint8Array, _edge: Edge) => undefined,
    helloIdentity: () => identity,
  }
  return one
}

function udpEdge(i: number): UdpEdge {
  const host = {
    isOpen: true,
    local: { host: '0.0.0.0', port: 1 },
    sendTo: () => true,
    holdEdge: () => undefined,
    forgetEdge: () => undefined,
    canSendWhole: false,
    sendWholeTo: () => false,
  }
  const endpoint = { host: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, port: 4000 }
  return new UdpEdge(host, { endpoint, isLocal: false })
}

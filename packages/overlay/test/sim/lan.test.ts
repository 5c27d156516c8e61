/** Rings that form on local networks without any bootstrap. */
import { Identity } from '@ipop/security'
import { World, type Host } from '@ipop/simulator'
import { LAN_GROUPS, LanDiscovery, TransportAddress, UdpEdgeListener } from '@ipop/transport'
import { describe, expect, it } from '@jest/globals'
import { OverlayNode } from '../../src/index.ts'
import { PORT } from '../helpers/ring-world.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

interface Member {
  readonly host: Host
  readonly node: OverlayNode
  readonly discovery: LanDiscovery
}

describe('nodes of one local network', () => {
  it.each([1, 2, 3])('form a ring without a bootstrap (seed %i)', async (seed) => {
    const world = new World({ seed, latencyMs: 1 })
    const members = await onSegment(world, 'home', 8)
    expect(await world.runUntil(() => isOneRing(members), { limitMs: 15_000 })).toBe(true)
  })

  it('take themselves for the first only after three questions', async () => {
    const world = new World({ seed: 12, latencyMs: 1 })
    const [first] = await onSegment(world, 'home', 1)
    let questions = 0
    world.onSend((_from, to) => (questions += to.host === LAN_GROUPS[4].host ? 1 : 0))
    await world.run({ forMs: 1_400 })
    expect(first?.node.state).not.toBe('connected')
    expect(questions).toBe(3)
    await world.run({ forMs: 400 })
    expect(first?.node.state).toBe('connected')
  })

  it('take in one that comes later, and the one that was alone before', async () => {
    const world = new World({ seed: 4, latencyMs: 1 })
    const [first] = await onSegment(world, 'home', 1)
    await world.run({ forMs: 10 * MINUTE_MS })
    expect(first?.node.state).toBe('connected')
    const others = await onSegment(world, 'home', 1, 10)
    const all = [...(first ? [first] : []), ...others]
    expect(await world.runUntil(() => isOneRing(all), { limitMs: 10_000 })).toBe(true)
  })

  it('do not mix with another network', async () => {
    const world = new World({ seed: 5, latencyMs: 1 })
    const home = await onSegment(world, 'home', 4)
    const work = await onSegment(world, 'work', 4, 10)
    const isDone = () => isOneRing(home) && isOneRing(work)
    expect(await world.runUntil(isDone, { limitMs: 15_000 })).toBe(true)
    await world.run({ forMs: 10 * MINUTE_MS })
    expect(isDone()).toBe(true)
  })

  it('do not mix with another namespace', async () => {
    const world = new World({ seed: 6, latencyMs: 1 })
    const ours = await onSegment(world, 'home', 3)
    const theirs = await onSegment(world, 'home', 3, 10, 'other')
    const isDone = () => isOneRing(ours) && isOneRing(theirs)
    expect(await world.runUntil(isDone, { limitMs: 15_000 })).toBe(true)
    await world.run({ forMs: 10 * MINUTE_MS })
    expect(isDone()).toBe(true)
  })

  it('join rings that started apart', async () => {
    const world = new World({ seed: 7, latencyMs: 1 })
    const left = await onSegment(world, 'home', 3)
    const right = await onSegment(world, 'home', 3, 10)
    world.partition([left.map(({ host }) => host), right.map(({ host }) => host)])
    const isApart = () => isOneRing(left) && isOneRing(right)
    expect(await world.runUntil(isApart, { limitMs: 15_000 })).toBe(true)
    world.heal()
    const all = [...left, ...right]
    expect(await world.runUntil(() => isOneRing(all), { limitMs: 3 * MINUTE_MS })).toBe(true)
  })

  it('ask in turns, and far below what a node may send while idle', async () => {
    const world = new World({ seed: 8, latencyMs: 1 })
    for (let number = 1; number <= 10; number++) {
      const { runtime } = world.addHost({ segment: 'home', addresses: [`192.168.7.${number}`] })
      const options = { namespace: 'test', udpPort: PORT, tcpPort: 0, found: () => undefined }
      new LanDiscovery(runtime, options).start()
    }
    await world.run({ forMs: 5 * MINUTE_MS })
    let questions = 0
    let bytesOut = 0
    world.onSend((_from, to, bytes) => {
      if (to.host === LAN_GROUPS[4].host) questions++
      bytesOut += bytes.length + 28
    })
    await world.run({ forMs: HOUR_MS })
    // Ten that never listened to each other would ask 600 times.
    expect(questions).toBeLessThan(400)
    expect(questions).toBeGreaterThan(100)
    expect(bytesOut / 10 / 3_600).toBeLessThan(15)
  })

  it('are asked anew when the network changes', async () => {
    const world = new World({ seed: 9, latencyMs: 1 })
    const [roamer] = await onSegment(world, 'home', 1)
    await world.run({ forMs: MINUTE_MS / 2 })
    let questions = 0
    world.onSend((_from, to) => (questions += to.host === LAN_GROUPS[4].host ? 1 : 0))
    roamer?.discovery.networkChanged()
    await world.run({ forMs: 5_000 })
    expect(questions).toBe(4)
  })
})

describe('LAN discovery', () => {
  it('answers as many bytes as it was asked with, only to neighbours, and not without end', async () => {
    const world = new World({ seed: 10, latencyMs: 1 })
    await onSegment(world, 'home', 1)
    const stranger = world.addHost({ segment: 'home', addresses: ['192.168.7.99'] })
    const far = world.addHost({ segment: 'home', addresses: ['10.9.9.9'] })
    let question = new Uint8Array()
    world.onSend((_from, to, bytes) => {
      if (to.host === LAN_GROUPS[4].host) question = bytes.slice()
    })
    await world.run({ forMs: 10_000 })
    question[10] = (question[10] ?? 0) ^ 0xff
    const answers: Uint8Array[] = []
    for (const host of [stranger, far]) {
      const socket = await host.runtime.datagrams.bind(
        { host: host.address, port: 0 },
        {
          onDatagram: (bytes) => answers.push(bytes.slice()),
          onError: (error) => {
            throw error
          },
        },
      )
      for (let sent = 0; sent < 100; sent++) socket.send(question, LAN_GROUPS[4])
      await world.run({ forMs: 500 })
      if (host === stranger) expect(answers.length).toBe(20)
    }
    expect(answers.length).toBe(20)
    expect(answers.every(({ length }) => length === question.length)).toBe(true)
  })

  it('says hello to nobody who did not hear the question', async () => {
    const world = new World({ seed: 11, latencyMs: 1 })
    const [member] = await onSegment(world, 'home', 1)
    let question = new Uint8Array()
    let askedFrom = { host: '', port: 0 }
    world.onSend((from, to, bytes) => {
      if (to.host !== LAN_GROUPS[4].host) return
      question = bytes.slice()
      askedFrom = from
    })
    await world.run({ forMs: 10_000 })
    const stranger = world.addHost({ addresses: ['192.168.7.99'] })
    const socket = await stranger.runtime.datagrams.bind(
      { host: stranger.address, port: 0 },
      silent,
    )
    let hellos = 0
    world.onSend((_from, to) => (hellos += to.host === stranger.address ? 1 : 0))
    const forged = question.slice()
    forged[5] = 2
    forged[10] = (forged[10] ?? 0) ^ 0xff
    socket.send(forged, askedFrom)
    await world.run({ forMs: 5_000 })
    expect(hellos).toBe(0)
    forged[10] = question[10] ?? 0
    socket.send(forged, askedFrom)
    await world.run({ forMs: 5_000 })
    expect(hellos).toBeGreaterThan(0)
    expect(member?.node.connections.size).toBe(0)
  })
})

const silent = {
  onDatagram: () => undefined,
  onError: (error: Error) => {
    throw error
  },
}

async function onSegment(
  world: World,
  segment: string,
  count: number,
  first = 1,
  namespace = 'test',
): Promise<Member[]> {
  const members: Member[] = []
  for (let number = first; number < first + count; number++) {
    const host = world.addHost({ segment, addresses: [`192.168.7.${number}`] })
    const { runtime } = host
    const listener = await UdpEdgeListener.open(runtime, { host: '0.0.0.0', port: PORT })
    const identity = Identity.create(runtime.random.fork('identity'))
    const own = { identity, namespace, listeners: [listener], remoteTas: [], isLookingAround: true }
    const node = OverlayNode.create(runtime, own)
    const found = (ta: TransportAddress) => node.meet(ta)
    const ports = { udpPort: PORT, tcpPort: 0 }
    const discovery = new LanDiscovery(runtime, { namespace, ...ports, found })
    node.start().catch(() => undefined)
    discovery.start()
    members.push({ host, node, discovery })
  }
  return members
}

function isOneRing(members: readonly Member[]): boolean {
  const sorted = [...members].sort((a, b) => a.node.address.compare(b.node.address))
  return sorted.every(({ node }, at) => {
    const next = sorted[(at + 1) % sorted.length]?.node.address
    const { left } = node.neighbors()
    const isAlone = sorted.length === 1 && left === undefined
    return node.state === 'connected' && (isAlone || (next && left?.equals(next)))
  })
}

/** Relays where there is none yet: behind NATs that cannot meet, and without a common neighbour. */
import { describe, expect, it } from '@jest/globals'
import { hardNat } from '@ipop/simulator'
import { TransportAddress } from '@ipop/transport'
import { PORT, type RingMember, RingWorld, ringOf } from '../helpers/ring-world.ts'

const PACKET = Uint8Array.of(0x45, 0, 0, 4)

describe('two nodes behind symmetric NATs with random ports', () => {
  it.each([1, 2, 3])('are relayed by whoever is public, seed %i', async (seed) => {
    const ring = new RingWorld({ seed, latencyMs: 15 })
    const first = await ring.add({ host: ring.world.addHost({ addresses: ['198.51.100.1'] }) })
    const hints = [TransportAddress.udp({ host: '198.51.100.1', port: PORT })]
    await ring.add({ host: ring.world.addHost({ addresses: ['198.51.100.2'] }), hints })
    const hidden: RingMember[] = []
    for (const i of [1, 2]) {
      const nat = ring.world.addNat({ address: `203.0.113.${i}`, behaviour: hardNat })
      const host = ring.world.addHost({ behind: nat, addresses: [`192.168.${i}.2`] })
      hidden.push(await ring.add({ host, hints }))
    }
    const [one, two] = hidden
    if (!one || !two) throw new Error('two nodes')
    for (const { node } of ring.members) node.start().catch(() => undefined)
    await ring.untilConsistent()
    const kindOf = () => one.node.channelTo(two.node.address)?.activeEdge?.kind
    one.node.connectOnDemand(two.node.address)
    expect(await ring.world.runUntil(() => kindOf() === 'relay', { limitMs: 10_000 })).toBe(true)
    let packets = 0
    two.node.onIpPacket(() => packets++)
    for (let i = 0; i < 100; i++) {
      one.node.sendIp(two.node.address, PACKET)
      await ring.world.run({ forMs: 100 })
    }
    expect(packets).toBeGreaterThanOrEqual(99)
    const relayed = ring.members.map(({ node }) => node.channels.relays.service.stats.frames)
    expect(relayed.filter((frames) => frames >= 100).length).toBe(1)
    expect(first.node.forwarderStats.forwarded).toBeLessThan(100)
  })
})

describe('two nodes without a common neighbour', () => {
  it.each([5, 7, 12])('make one, however far apart they are, seed %i', async (seed) => {
    const ring = await ringOf({ seed, nodes: 40 })
    await ring.untilConsistent()
    await ring.world.run({ forMs: 60_000 })
    const pair = ring.members
      .flatMap((one) => ring.members.map((two) => [one, two] as const))
      .find(([one, two]) => {
        if (one === two || one.node.connections.get(two.node.address)) return false
        const peers = one.node.connections.all()
        return !peers.some(({ address }) => two.node.connections.get(address))
      })
    if (!pair) throw new Error('no pair without a common neighbour')
    const [one, two] = pair
    ring.world.block(one.host, two.host)
    one.node.connectOnDemand(two.node.address)
    const edge = () => one.node.channelTo(two.node.address)?.activeEdge
    expect(await ring.world.runUntil(() => edge()?.kind === 'relay', { limitMs: 20_000 })).toBe(
      true,
    )
    const relay = ring.members.find(({ node }) => edge()?.relay?.equals(node.address))
    for (const end of [one, two])
      expect(relay?.node.channelTo(end.node.address)?.activeEdge?.kind).toBe('udp')
    // The connection that was made stays as long as it is needed.
    for (let i = 0; i < 40; i++) {
      one.node.sendIp(two.node.address, PACKET)
      await ring.world.run({ forMs: 1_000 })
    }
    expect(edge()?.kind).toBe('relay')
  })
})

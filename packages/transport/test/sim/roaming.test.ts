/** A node whose network changes under traffic: its address, its NAT, its streams. */
import { describe, expect, it } from '@jest/globals'
import { easyNat, type Host, World } from '@ipop/simulator'
import { type Channel, followNetworkChange, TcpEdgeListener } from '@ipop/transport'
import { connected, frameOf, makeNode, type TestNode, udpNode } from '../helpers/nodes.ts'

/** How often each end sends a frame. */
const FRAME_EVERY_MS = 20
const LATENCY_MS = 20

describe('a changed address under traffic', () => {
  it('costs less than three round trips in both directions when the node is told', async () => {
    const { world, hosts, toRight, toLeft, left, right } = await connected({
      latencyMs: LATENCY_MS,
    })
    await world.run({ forMs: 3_000 })
    const gaps = watchGaps(world, [
      [toRight, right],
      [toLeft, left],
    ])
    await world.run({ forMs: 1_000 })
    hosts[0].setAddresses(['10.99.0.1'])
    followNetworkChange(left.table)
    await world.run({ forMs: 5_000 })
    expect(Math.max(...gaps())).toBeLessThan(6 * LATENCY_MS + 2 * FRAME_EVERY_MS)
    expect(toLeft.activeEdge?.remote?.host).toBe('10.99.0.1')
    expect([...left.told.down, ...right.told.down]).toEqual([])
    expect(left.table.hintOf().endpoints.map(({ host }) => host)).toEqual(['10.99.0.1'])
  })

  it('is noticed without being told, by the traffic itself', async () => {
    const { world, hosts, toRight, toLeft, left, right } = await connected()
    await world.run({ forMs: 3_000 })
    const gaps = watchGaps(world, [
      [toRight, right],
      [toLeft, left],
    ])
    hosts[0].setAddresses(['10.99.0.1'])
    await world.run({ forMs: 10_000 })
    expect(toLeft.activeEdge?.remote?.host).toBe('10.99.0.1')
    expect(Math.max(...gaps())).toBeLessThan(1_000)
    expect([...left.told.down, ...right.told.down]).toEqual([])
  })

  it('is followed from one NAT to the next, and the old mapping is no longer offered', async () => {
    const { world, host, inside, outside, channel } = await behindNat()
    const old = inside.table.hintOf().endpoints.map(String)
    expect(old.some((endpoint) => endpoint.includes('203.0.113.1'))).toBe(true)
    const gaps = watchGaps(world, [
      [channel, outside],
      [outside.told.up[0] as Channel, inside],
    ])
    // The same NAT with another public address and an empty table: a new lease of the provider.
    host.nat.reboot()
    followNetworkChange(inside.table)
    await world.run({ forMs: 5_000 })
    expect(Math.max(...gaps())).toBeLessThan(200)
    expect(outside.told.down).toEqual([])
    expect(inside.table.reach.heardOver).toEqual(['udp'])
  })

  it('does not hurt when nothing changed in truth', async () => {
    const { world, toRight, toLeft, left, right } = await connected()
    await world.run({ forMs: 3_000 })
    const gaps = watchGaps(world, [
      [toRight, right],
      [toLeft, left],
    ])
    const before = toRight.activeEdge?.id
    for (let i = 0; i < 20; i++) {
      followNetworkChange(left.table)
      await world.run({ forMs: 100 })
    }
    expect(Math.max(...gaps())).toBeLessThanOrEqual(FRAME_EVERY_MS + 1)
    expect(toRight.activeEdge?.id).toBe(before)
    expect(left.told.pathChanges).toEqual([])
  })
})

describe('a stream', () => {
  it('from an address that is gone is closed, and one from another address stays', async () => {
    const world = new World({ seed: 3, latencyMs: 10 })
    const [here, there] = [world.addHost({ name: 'here' }), world.addHost({ name: 'there' })]
    const one = await tcpNode(here)
    const other = await tcpNode(there)
    const channel = one.table.dial(other.table.hintOf())
    await world.run({ forMs: 2_000 })
    const edge = channel.activeEdge
    expect(edge?.kind).toBe('tcp')
    followNetworkChange(one.table)
    expect(edge?.isOpen).toBe(true)
    here.setAddresses(['10.99.0.1'])
    followNetworkChange(one.table)
    expect(edge?.isOpen).toBe(false)
    await world.run({ forMs: 3_000 })
    expect(channel.state).toBe('up')
    expect(channel.activeEdge?.isOpen).toBe(true)
  })
})

/** Lets each channel send frames, and returns the longest pause between two that arrived, for each. */
function watchGaps(world: World, flows: readonly (readonly [Channel, TestNode])[]) {
  const longest = flows.map(() => 0)
  for (const [index, [channel, receiver]] of flows.entries()) {
    let lastAt = world.elapsedMs()
    receiver.table.setHandlers({
      onFrame: () => {
        longest[index] = Math.max(longest[index] ?? 0, world.elapsedMs() - lastAt)
        lastAt = world.elapsedMs()
      },
    })
    const send = () => {
      channel.send(frameOf('traffic'))
      world.at(world.elapsedMs() + FRAME_EVERY_MS, send)
    }
    send()
  }
  return () => longest
}

async function behindNat() {
  const world = new World({ seed: 5, latencyMs: LATENCY_MS })
  const nat = world.addNat({ address: '203.0.113.1', behaviour: easyNat })
  const inside = await udpNode(world.addHost({ behind: nat, addresses: ['192.168.0.2'] }))
  const outside = await udpNode(world.addHost({ addresses: ['198.51.100.1'] }))
  const channel = inside.table.dial(outside.table.hintOf())
  await world.run({ forMs: 3_000 })
  return { world, host: { nat }, inside, outside, channel }
}

async function tcpNode(host: Host): Promise<TestNode> {
  const listener = await TcpEdgeListener.open(host.runtime, { host: '0.0.0.0', port: 4000 })
  return makeNode(host.runtime, [listener])
}

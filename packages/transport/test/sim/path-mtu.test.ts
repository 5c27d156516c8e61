/** Channels learn how long datagrams their path carries, where the socket can forbid fragments. */
import { describe, expect, it } from '@jest/globals'
import type { DatagramPort, Runtime } from '@ipop/runtime'
import { type Host, World } from '@ipop/simulator'
import { type Channel, UdpEdgeListener } from '@ipop/transport'
import { frameOf, makeNode } from '../helpers/nodes.ts'
import { joinedEdges } from '../helpers/ring-edges.ts'
import { forbidding } from '../helpers/whole-datagrams.ts'

describe('the longest datagram of a channel', () => {
  it.each([
    [1_252, 1_252],
    [1_400, 1_372],
    [1_472, 1_472],
    [Infinity, 8_972],
  ])('over a path of %i bytes is found within seconds', async (datagramBytesMax, expected) => {
    const { world, channel, told } = await connected({ datagramBytesMax })
    await world.run({ forMs: 5_000 })
    expect(channel.datagramBytesMax).toBe(expected)
    expect(told.at(-1)).toBe(expected)
    expect(channel.state).toBe('up')
  })

  it('costs a few datagrams', async () => {
    const { world, left } = await connected({ datagramBytesMax: 1_252 })
    await world.run({ forMs: 10_000 })
    const settled = left.wholeBytes.length
    expect(settled).toBeLessThanOrEqual(10)
    await world.run({ forMs: 500_000 })
    expect(left.wholeBytes.length).toBe(settled)
  })

  it('shrinks when frames stay unanswered that pings do not', async () => {
    const { world, hosts, channel } = await connected({ datagramBytesMax: 1_472 })
    await world.run({ forMs: 10_000 })
    world.setLink(hosts[0], hosts[1], { datagramBytesMax: 1_300 })
    for (let i = 0; i < 5; i++) {
      channel.send(frameOf('x'.repeat(1_400)))
      await world.run({ forMs: 1_000 })
    }
    expect(channel.datagramBytesMax).toBe(1_252)
    expect(channel.state).toBe('up')
  })

  it('shrinks when the first link refuses datagrams of that size', async () => {
    const { world, left, hosts, channel } = await connected({ datagramBytesMax: 1_472 })
    await world.run({ forMs: 10_000 })
    world.setLink(hosts[0], hosts[1], { datagramBytesMax: 1_300 })
    await world.run({ forMs: 2_000 })
    expect(channel.datagramBytesMax).toBe(1_472)
    left.table.dataPlane.doubtDatagramSizes()
    await world.run({ forMs: 3_000 })
    expect(channel.datagramBytesMax).toBe(1_252)
  })

  it('is found anew on another path, and is unknown where nobody can forbid fragments', async () => {
    const { world, hosts, left, right, channel } = await connected({ datagramBytesMax: 1_252 })
    await world.run({ forMs: 5_000 })
    const [relay] = joinedEdges(hosts[0].runtime, [left, right], { kind: 'relay', delayMs: 20 })
    channel.addEdge(relay)
    world.block(hosts[0], hosts[1])
    await world.run({ forMs: 30_000 })
    expect(channel.activeEdge?.kind).toBe('relay')
    expect(channel.datagramBytesMax).toBeUndefined()
    world.unblock(hosts[0], hosts[1])
    world.setLink(hosts[0], hosts[1], { datagramBytesMax: 1_472 })
    await world.run({ forMs: 120_000 })
    expect(channel.activeEdge?.kind).toBe('udp')
    expect(channel.datagramBytesMax).toBe(1_472)
  })

  it('stays unknown on sockets of the system', async () => {
    const { channel, world } = await connected({ datagramBytesMax: 1_472 }, (port) => port)
    await world.run({ forMs: 5_000 })
    expect(channel.activeEdge?.kind).toBe('udp')
    expect(channel.datagramBytesMax).toBeUndefined()
  })
})

async function connected(
  link: { datagramBytesMax: number },
  wrap: (port: DatagramPort, wholeBytes: number[]) => DatagramPort = forbidding,
) {
  const world = new World({ seed: 1, latencyMs: 20 })
  const hosts = [world.addHost({ name: 'left' }), world.addHost({ name: 'right' })] as const
  world.setLink(hosts[0], hosts[1], link)
  const told: (number | undefined)[] = []
  const left = await node(hosts[0], wrap, told)
  const right = await node(hosts[1], wrap, [])
  left.table.dial(right.table.hintOf())
  await world.runUntil(() => left.told.up.length > 0, { limitMs: 10_000 })
  return { world, hosts, left, right, told, channel: left.told.up[0] as Channel }
}

async function node(
  host: Host,
  wrap: (port: DatagramPort, wholeBytes: number[]) => DatagramPort,
  told: (number | undefined)[],
) {
  const wholeBytes: number[] = []
  const datagrams = wrap(host.runtime.datagrams, wholeBytes)
  const runtime: Runtime = { ...host.runtime, datagrams }
  const listener = await UdpEdgeListener.open(runtime, { host: '0.0.0.0', port: 4000 })
  const observer = {
    activeEdgeChanged: (_peer: unknown, _edge: unknown, bytes?: number) => void told.push(bytes),
  }
  return { ...makeNode(runtime, [listener], { observer }), wholeBytes }
}

/** Many nodes behind one UDP port: demultiplexing, hellos, the way within the process. */
import { describe, expect, it } from '@jest/globals'
import { World } from '@ipop/simulator'
import { TransportAddress, UdpEdgeListener } from '@ipop/transport'
import { frameOf, makeNode, type TestNode, udpNode } from '../helpers/nodes.ts'

const NODES = 16

describe('sixteen nodes on one port', () => {
  it('each have their own channel to an outside node', async () => {
    const { world, nodes, outside } = await sharedPort()
    for (const node of nodes) outside.table.dial(node.table.hintOf())
    await world.run({ forMs: 3_000 })
    expect(outside.told.up).toHaveLength(NODES)
    for (const channel of outside.told.up) channel.send(frameOf(channel.address.toString()))
    await world.run({ forMs: 1_000 })
    for (const node of nodes) {
      expect(node.told.frames.map((frame) => frame.text)).toEqual([node.table.address.toString()])
    }
  })

  it('reach each other within the process, over UDP edges all the same', async () => {
    const { world, nodes, listener, hosts } = await sharedPort()
    nodes.forEach((node, i) => {
      for (const other of nodes.slice(i + 1)) node.table.dial(other.table.hintOf())
    })
    await world.run({ forMs: 5_000 })
    for (const node of nodes) {
      const channels = [...node.table.channels()]
      expect(channels).toHaveLength(NODES - 1)
      expect(channels.every((channel) => channel.state === 'up')).toBe(true)
      expect(channels.every((channel) => channel.activeEdge?.kind === 'udp')).toBe(true)
    }
    expect(hosts[0].stats.datagramsSent).toBe(0)
    expect(listener.stats().datagramsLocal).toBeGreaterThan(0)
    const [first, second] = nodes as [TestNode, TestNode]
    const toSecond = first.table.channel(second.table.address)
    toSecond?.send(frameOf('near'))
    expect(second.told.frames).toEqual([])
    await world.run({ forMs: 1 })
    expect(second.told.frames.map((frame) => frame.text)).toEqual(['near'])
  })

  it('answer a hello with the first node, or another one when the first asks', async () => {
    const { world, nodes, outside, ta } = await sharedPort()
    const first = nodes[0] as TestNode
    const asked = [outside, first, nodes[1] as TestNode].map((node) => node.table.hello(ta))
    await world.run({ forMs: 1_000 })
    const [toOutside, toFirst, toSecond] = await Promise.all(asked)
    expect(toOutside?.hint.address.equals(first.table.address)).toBe(true)
    expect(toFirst?.hint.address.equals((nodes[1] as TestNode).table.address)).toBe(true)
    expect(toSecond?.hint.address.equals(first.table.address)).toBe(true)
    expect(toOutside?.observed.toString()).toBe(outside.table.hintOf().endpoints[0]?.toString())
    expect(toOutside?.hint.endpoints.map(String)).toEqual([ta.toString()])
  })

  it('answer a hello for the node that its path names', async () => {
    const { world, nodes, outside, ta } = await sharedPort()
    const named = outside.table.hello(ta.withPath('node-7'))
    const nobody = outside.table.hello(ta.withPath('node-99'), 1_000)
    await world.run({ forMs: 2_000 })
    expect((await named)?.hint.address.equals((nodes[7] as TestNode).table.address)).toBe(true)
    expect(await nobody).toBeUndefined()
  })

  it('are all missed at once when their process dies', async () => {
    const { world, nodes, outside, hosts } = await sharedPort()
    for (const node of nodes) outside.table.dial(node.table.hintOf())
    await world.run({ forMs: 20_000 })
    hosts[0].crash()
    await world.runUntil(() => outside.told.down.length > 0, { limitMs: 60_000 })
    const first = outside.told.down[0]?.at ?? 0
    await world.run({ forMs: 5_000 })
    expect(outside.told.down).toHaveLength(NODES)
    expect((outside.told.down.at(-1)?.at ?? 0) - first).toBeLessThanOrEqual(3_000)
  })

  it('keep working when one of them leaves', async () => {
    const { world, nodes, outside } = await sharedPort()
    for (const node of nodes) outside.table.dial(node.table.hintOf())
    await world.run({ forMs: 1_000 })
    await (nodes[0] as TestNode).table.close()
    await world.run({ forMs: 60_000 })
    expect(outside.told.down.map((event) => event.reason)).toEqual(['closed by peer'])
    const reply = outside.table.hello(TransportAddress.udp({ host: '10.0.0.1', port: 4000 }))
    await world.run({ forMs: 1_000 })
    expect((await reply)?.hint.address.equals((nodes[1] as TestNode).table.address)).toBe(true)
  })
})

async function sharedPort() {
  const world = new World({ seed: 3, latencyMs: 10 })
  const hosts = [
    world.addHost({ name: 'many', addresses: ['10.0.0.1'] }),
    world.addHost({ name: 'one', addresses: ['10.0.0.2'] }),
  ] as const
  const { runtime } = hosts[0]
  const listener = await UdpEdgeListener.open(runtime, { host: '0.0.0.0', port: 4000 })
  const nodes: TestNode[] = []
  for (let i = 0; i < NODES; i++) {
    const fork = { ...runtime, random: runtime.random.fork(`node ${i}`) }
    nodes.push(makeNode(fork, [listener], { path: `node-${i}` }))
  }
  const outside = await udpNode(hosts[1])
  const ta = TransportAddress.udp({ host: '10.0.0.1', port: 4000 })
  return { world, hosts, listener, nodes, outside, ta }
}

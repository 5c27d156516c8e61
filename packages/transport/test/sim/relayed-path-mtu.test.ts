/** Channels learn how long datagrams a path through a relay carries, whichever of its legs is the narrow one. */
import { describe, expect, it } from '@jest/globals'
import type { DatagramPort, Runtime } from '@ipop/runtime'
import { type Host, World } from '@ipop/simulator'
import { UdpEdgeListener } from '@ipop/transport'
import { frameOf, makeNode } from '../helpers/nodes.ts'
import { forbidding } from '../helpers/whole-datagrams.ts'

describe('the longest datagram of a relayed channel', () => {
  it.each([
    ['as wide as Ethernet', 1_472, 1_472, 1_467],
    ['narrow before the relay', 1_252, 1_472, 1_247],
    ['narrow behind the relay', 1_472, 1_252, 1_247],
    ['between the sizes behind the relay', 1_472, 1_400, 1_367],
    ['wide on both legs', Infinity, Infinity, 8_967],
  ])('is found over a path that is %s', async (_, before, behind, expected) => {
    const { world, channel, other } = await relayed({ before, behind })
    await world.run({ forMs: 10_000 })
    expect(channel.activeEdge?.kind).toBe('relay')
    expect(channel.datagramBytesMax).toBe(expected)
    expect(other()?.datagramBytesMax).toBe(expected)
  })

  it('is told to the data plane and costs a few datagrams', async () => {
    const { world, left, wholeBytes } = await relayed({ before: 1_472, behind: 1_252 })
    await world.run({ forMs: 10_000 })
    expect(left.told.at(-1)).toBe(1_247)
    const settled = wholeBytes.length
    expect(settled).toBeLessThanOrEqual(30)
    await world.run({ forMs: 400_000 })
    expect(wholeBytes.length).toBe(settled)
  })

  it('shrinks when frames stay unanswered that pings do not', async () => {
    const { world, hosts, channel } = await relayed({ before: 1_472, behind: 1_472 })
    await world.run({ forMs: 30_000 })
    world.setLink(hosts.relay, hosts.right, { datagramBytesMax: 1_300 })
    for (let i = 0; i < 20; i++) {
      channel.send(frameOf('x'.repeat(1_400)))
      await world.run({ forMs: 1_000 })
    }
    expect(channel.datagramBytesMax).toBe(1_247)
    expect(channel.state).toBe('up')
  })

  it('falls to the least where the relay cannot forbid fragments', async () => {
    const { world, channel } = await relayed({ before: 1_472, behind: 1_472 }, (port) => port)
    await world.run({ forMs: 20_000 })
    expect(channel.datagramBytesMax).toBe(1_247)
    expect(channel.state).toBe('up')
  })
})

/** Returns two ends that talk through a relay, with links of these widths. */
async function relayed(
  { before, behind }: { before: number; behind: number },
  relaySockets = forbidding,
) {
  const world = new World({ seed: 1, latencyMs: 20 })
  const [leftHost, relayHost, rightHost] = ['left', 'relay', 'right'].map((name) =>
    world.addHost({ name }),
  ) as [Host, Host, Host]
  world.block(leftHost, rightHost)
  world.setLink(leftHost, relayHost, { datagramBytesMax: before })
  world.setLink(relayHost, rightHost, { datagramBytesMax: behind })
  const wholeBytes: number[] = []
  const count = (port: DatagramPort) => forbidding(port, wholeBytes)
  const left = await node(leftHost, count)
  const relay = await node(relayHost, relaySockets)
  const right = await node(rightHost, count)
  for (const end of [left, right]) end.table.dial(relay.table.hintOf())
  await world.runUntil(() => relay.events.up.length === 2, { limitMs: 10_000 })
  await world.run({ forMs: 500 })
  const channel = left.table.dial({ ...right.table.hintOf(), endpoints: [] })
  const request = { relay: relay.table.address, peer: right.table.address, mayConnect: false }
  left.table.relays.client.open(request, () => {}, leftHost.runtime.clock.now())
  await world.runUntil(() => channel.state === 'up', { limitMs: 10_000 })
  const hosts = { left: leftHost, relay: relayHost, right: rightHost }
  const other = () => right.table.channel(left.table.address)
  return { world, hosts, left, channel, other, wholeBytes }
}

async function node(host: Host, wrap: (port: DatagramPort) => DatagramPort) {
  const runtime: Runtime = { ...host.runtime, datagrams: wrap(host.runtime.datagrams) }
  const listener = await UdpEdgeListener.open(runtime, { host: '0.0.0.0', port: 4000 })
  const told: (number | undefined)[] = []
  const observer = {
    activeEdgeChanged: (_peer: unknown, edge: { kind: string } | undefined, bytes?: number) =>
      void (edge?.kind === 'relay' && told.push(bytes)),
  }
  const { table, told: events } = makeNode(runtime, [listener], { observer })
  return { table, events, told }
}

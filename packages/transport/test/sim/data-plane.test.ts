/** What a data plane is told of channels, and what channels are told by it. */
import { describe, expect, it } from '@jest/globals'
import type { Address } from '@ipop/address'
import { type Channel, type Edge, UdpEdge } from '@ipop/transport'
import { connected, frameOf, makeNode, twoNodes } from '../helpers/nodes.ts'
import { joinedEdges } from '../helpers/ring-edges.ts'

describe('the observer of channels', () => {
  it('follows the active edge from the first one to none', async () => {
    const { world, hosts, right } = await twoNodes()
    const told: string[] = []
    const observer = {
      activeEdgeChanged: (peer: Address, edge: Edge | undefined) =>
        void told.push(`${peer.equals(right.table.address)} ${edge?.kind}`),
    }
    const left = makeNode(hosts[0].runtime, [], { observer })
    const [atLeft] = joinedEdges(hosts[0].runtime, [left, right], { kind: 'ring', delayMs: 50 })
    const channel = left.table.dial({ ...right.table.hintOf(), endpoints: [] })
    channel.addEdge(atLeft)
    await world.run({ forMs: 1_000 })
    const [relay] = joinedEdges(hosts[0].runtime, [left, right], { kind: 'relay', delayMs: 20 })
    channel.addEdge(relay)
    await world.run({ forMs: 5_000 })
    channel.close()
    expect(told).toEqual(['true ring', 'true relay', 'true undefined'])
  })
})

describe('the entry of a data plane', () => {
  it('takes opened frames for frames that came over the edge', async () => {
    const { left, toRight } = await connected()
    const edge = edgeOf(toRight)
    left.table.dataPlane.receiveOpened(indexOf(toRight), frameOf('opened'), edge)
    left.table.dataPlane.receiveOpened(indexOf(toRight) + 1, frameOf('of nobody'), edge)
    expect(left.told.frames.map(({ text }) => text)).toEqual(['opened'])
  })

  it('counts what was carried and hears the peer by it', async () => {
    const { world, left, toRight } = await connected()
    await world.run({ forMs: 5_000 })
    const before = { ...toRight.counters }
    const traffic = { packetsIn: 3, packetsOut: 2, bytesIn: 300, bytesOut: 20 }
    left.table.dataPlane.noteCarried(indexOf(toRight), traffic, edgeOf(toRight))
    left.table.dataPlane.noteCarried(indexOf(toRight) + 1, traffic, undefined)
    expect(toRight.counters).toEqual({
      packetsIn: before.packetsIn + 3,
      packetsOut: before.packetsOut + 2,
      bytesIn: before.bytesIn + 300,
      bytesOut: before.bytesOut + 20,
      dropsOut: before.dropsOut,
    })
    expect(toRight.lastHeardAt).toBe(world.elapsedMs())
    expect(left.told.frames).toEqual([])
  })

  it('does not take what was sent for a sign of life', async () => {
    const { world, left, toRight } = await connected()
    await world.run({ forMs: 5_000 })
    const { lastHeardAt } = toRight
    const traffic = { packetsIn: 0, packetsOut: 2, bytesIn: 0, bytesOut: 20 }
    left.table.dataPlane.noteCarried(indexOf(toRight), traffic, edgeOf(toRight))
    expect(toRight.lastHeardAt).toBe(lastHeardAt)
  })

  it('moves the path when carried frames come from elsewhere', async () => {
    const { world, hosts, left, right, toRight } = await connected()
    hosts[1].setAddresses(['198.51.100.7'])
    const traffic = { packetsIn: 1, packetsOut: 0, bytesIn: 1, bytesOut: 0 }
    for (let i = 0; i < 6; i++) {
      const edge = (left.listeners[0] as typeof right.listener).edgeFrom({
        host: '198.51.100.7',
        port: 4000,
      })
      left.table.dataPlane.noteCarried(indexOf(toRight), traffic, edge)
      await world.run({ forMs: 500 })
    }
    expect(edgeOf(toRight).remote.host).toBe('198.51.100.7')
    expect(edgeOf(toRight).local).toEqual({ host: '0.0.0.0', port: 4000 })
  })
})

function indexOf(channel: Channel): number {
  return channel.session.currentKey?.parts.localIndex ?? 0
}

function edgeOf(channel: Channel): UdpEdge {
  const edge = channel.activeEdge
  if (!(edge instanceof UdpEdge)) throw new Error('not over UDP')
  return edge
}

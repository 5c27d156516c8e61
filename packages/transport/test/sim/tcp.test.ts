/** Channels over simulated TCP, where UDP does not get through. */
import { describe, expect, it } from '@jest/globals'
import { World } from '@ipop/simulator'
import { IndexTable, TcpEdgeListener, TransportAddress, UdpEdgeListener } from '@ipop/transport'
import {
  TCP_CONNECT_TIMEOUT_MS,
  TCP_EDGES_MAX,
  TCP_QUEUE_BYTES_MAX,
  TCP_UNPROVEN_MAX,
  TCP_UNPROVEN_MS,
} from '../../src/limits.ts'
import { TcpEdge } from '../../src/tcp/tcp-edge.ts'
import { frameOf, makeNode } from '../helpers/nodes.ts'

describe('TCP edges', () => {
  it('carry hello, handshake and frames, several nodes on one port', async () => {
    const { world, one, two, ta } = await tcpPair()
    const asked = one.table.hello(ta)
    await world.run({ forMs: 1_000 })
    const reply = await asked
    expect(reply?.hint.address.equals(two.table.address)).toBe(true)
    if (!reply) throw new Error('no reply')
    const channel = one.table.dial(reply.hint)
    await world.run({ forMs: 2_000 })
    expect(channel.activeEdge?.kind).toBe('tcp')
    channel.send(frameOf('over tcp'))
    two.told.up[0]?.send(frameOf('and back'))
    await world.run({ forMs: 200 })
    expect(two.told.frames.map((frame) => frame.text)).toEqual(['over tcp'])
    expect(one.told.frames.map((frame) => frame.text)).toEqual(['and back'])
    // The port that a stream was dialled from is no address; what the peer offers is.
    expect(two.told.up[0]?.hint.endpoints.map(String)).toEqual(['brunet.tcp://10.0.0.1:5000'])
  })

  it('are not dialled while direct UDP works', async () => {
    const { world, hosts } = await tcpPair()
    const nodes = await Promise.all(
      hosts.map(async (host) => {
        const { runtime } = host
        const indexes = new IndexTable({ random: runtime.random })
        const udp = await UdpEdgeListener.open(runtime, { host: '0.0.0.0', port: 6000, indexes })
        const tcp = await TcpEdgeListener.open(runtime, { host: '0.0.0.0', port: 6000, indexes })
        return { ...makeNode(runtime, [udp, tcp]), tcp }
      }),
    )
    const [a, b] = nodes
    if (!a || !b) throw new Error('two nodes')
    const channel = a.table.dial(b.table.hintOf())
    await world.run({ forMs: 20_000 })
    expect(channel.activeEdge?.kind).toBe('udp')
    expect(a.tcp.stats().edges).toBe(0)
  })

  it('notice that the peer closed, and dial again after the stream broke', async () => {
    const { world, one, two } = await tcpPair()
    const channel = one.table.dial(two.table.hintOf())
    await world.run({ forMs: 2_000 })
    expect(channel.state).toBe('up')
    for (const edge of channel.edges) edge.close()
    channel.probe()
    await world.run({ forMs: 3_000 })
    expect(channel.state).toBe('up')
    channel.send(frameOf('again'))
    await world.run({ forMs: 1_000 })
    expect(two.told.frames.map((frame) => frame.text)).toEqual(['again'])
    await two.table.close()
    await world.run({ forMs: 1_000 })
    expect(one.told.down.map((event) => event.reason)).toEqual(['closed by peer'])
  })

  it('are refused to a crowd of strangers, who are thrown out after a while', async () => {
    const { world, hosts, listeners } = await tcpPair()
    const { streams } = hosts[0].runtime
    const handlers = { onData: () => undefined, onDrain: () => undefined, onClose: () => undefined }
    const to = { host: hosts[1].address, port: 5000 }
    for (let i = 0; i < TCP_UNPROVEN_MAX + 10; i++) {
      streams.connect(to, handlers, 1_000).catch(() => undefined)
    }
    await world.run({ forMs: 2_000 })
    expect(listeners[1].stats().unproven).toBe(TCP_UNPROVEN_MAX)
    expect(listeners[1].stats().drops['too many streams']).toBe(10)
    await world.run({ forMs: TCP_UNPROVEN_MS })
    expect(listeners[1].stats().edges).toBe(0)
  })
})

describe('caps of TCP', () => {
  it('hold for the streams of one port', async () => {
    const { world, listeners } = await tcpPair()
    const nowhere = TransportAddress.tcp({ host: '10.200.0.1', port: 1 })
    let dialled = 0
    for (let i = 0; i < TCP_EDGES_MAX + 5; i++) if (listeners[0].dial(nowhere)) dialled++
    expect(dialled).toBe(TCP_EDGES_MAX)
    expect(listeners[0].stats().drops['too many streams']).toBe(5)
    await world.run({ forMs: TCP_CONNECT_TIMEOUT_MS + 1 })
    expect(listeners[0].stats().edges).toBe(0)
  })

  it('hold for the bytes waiting in a stream', () => {
    const host = { received: () => undefined, closed: () => undefined }
    const edge = new TcpEdge(host, { id: 'tcp/1', from: { host: '10.0.0.1', port: 1 } })
    const written: number[] = []
    let queuedBytes = TCP_QUEUE_BYTES_MAX
    const end = { host: '10.0.0.1', port: 1 }
    edge.start({
      local: end,
      remote: end,
      get queuedBytes() {
        return queuedBytes
      },
      write: (bytes) => written.push(bytes.length) > 0,
      close: () => undefined,
    })
    expect(edge.send(Uint8Array.of(4, 5))).toBe(true)
    queuedBytes++
    expect(edge.send(Uint8Array.of(4, 5))).toBe(false)
    expect(written).toEqual([4])
  })
})

async function tcpPair() {
  const world = new World({ seed: 8, latencyMs: 15 })
  const hosts = [world.addHost({ name: 'one' }), world.addHost({ name: 'two' })] as const
  const open = (i: 0 | 1) => TcpEdgeListener.open(hosts[i].runtime, { host: '0.0.0.0', port: 5000 })
  const listeners = [await open(0), await open(1)] as const
  const one = makeNode(hosts[0].runtime, [listeners[0]])
  const two = makeNode(hosts[1].runtime, [listeners[1]])
  const ta = TransportAddress.tcp({ host: hosts[1].address, port: 5000 })
  return { world, hosts, listeners, one, two, ta }
}

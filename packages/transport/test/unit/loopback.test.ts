/** Nodes on this machine's real sockets: IPv4, IPv6, shared ports, and rubbish from outside. */
import { createNodeRuntime } from '@ipop/runtime/node'
import { afterEach, describe, expect, it } from '@jest/globals'
import { TransportAddress, TcpEdgeListener, UdpEdgeListener } from '@ipop/transport'
import { frameOf, makeNode, type TestNode } from '../helpers/nodes.ts'

const runtime = createNodeRuntime({ logLevel: 'error' })
const opened: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

describe.each(['127.0.0.1', '::1'])('real sockets on %s', (host) => {
  it('carry hello, handshake, frames and a clean close over UDP', async () => {
    const left = await udp(host)
    const right = await udp(host)
    await meet(left, right)
    expect(left.told.up[0]?.activeEdge?.kind).toBe('udp')
    await left.table.close()
    await until(() => right.told.down.length > 0)
    expect(right.told.down[0]?.reason).toBe('closed by peer')
  })

  it('carry the same over TCP', async () => {
    const left = await tcp(host)
    const right = await tcp(host)
    await meet(left, right)
    expect(left.told.up[0]?.activeEdge?.kind).toBe('tcp')
  })
})

describe('a real port', () => {
  it('is shared by several nodes, within the process and from outside', async () => {
    const first = await udp('127.0.0.1')
    const second = makeNode(runtime, first.listeners, { path: 'second' })
    opened.unshift(second.table)
    const outside = await udp('127.0.0.1')
    second.table.dial(first.table.hintOf())
    outside.table.dial(first.table.hintOf())
    outside.table.dial(second.table.hintOf())
    await until(() => outside.told.up.length === 2 && second.told.up.length === 2)
    second.table.channel(first.table.address)?.send(frameOf('inside'))
    await until(() => first.told.frames.length === 1)
    expect((first.listeners[0] as UdpEdgeListener).stats().datagramsLocal).toBeGreaterThan(0)
  })

  it('has a twin of the other family with the same number, for the same node', async () => {
    const ipv4 = await UdpEdgeListener.open(runtime, { host: '127.0.0.1', port: 0 })
    const twin = { host: '::1', port: ipv4.localPort, indexes: ipv4.indexes }
    const ipv6 = await UdpEdgeListener.open(runtime, twin)
    const node = makeNode(runtime, [ipv4, ipv6])
    opened.push(node.table, ipv4, ipv6)
    expect(node.table.hintOf().endpoints.map((ta) => ta.family)).toEqual([4, 6])
    await meet(await udp('127.0.0.1'), node)
    const [, ta6] = node.table.hintOf().endpoints
    const other = await udp('::1')
    const reply = await other.table.hello(ta6 as TransportAddress)
    expect(reply?.hint.address.equals(node.table.address)).toBe(true)
    if (reply) other.table.dial(reply.hint)
    await until(() => other.told.up.length === 1)
    expect(other.told.up[0]?.activeEdge?.remote?.family).toBe(6)
  })

  it('takes rubbish without harm', async () => {
    const node = await udp('127.0.0.1')
    const [ta] = node.table.hintOf().endpoints
    if (!ta) throw new Error('no address')
    const heard: Uint8Array[] = []
    const socket = await runtime.datagrams.bind(
      { host: '127.0.0.1', port: 0 },
      { onDatagram: (bytes) => heard.push(bytes.slice()), onError: () => undefined },
    )
    opened.push(socket)
    for (let i = 0; i < 20; i++) {
      for (let j = 0; j < 100; j++) socket.send(rubbish(), ta)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await until(() => (node.listeners[0] as UdpEdgeListener).stats().datagramsIn > 100)
    expect(heard).toEqual([])
    await meet(await udp('127.0.0.1'), node)
  })
})

describe('a million random datagrams', () => {
  it('change nothing, answer nothing and crash nothing', async () => {
    const node = await udp('127.0.0.1')
    const listener = node.listeners[0] as UdpEdgeListener
    const pool = runtime.random.bytes(65_536)
    const types = [0, 1, 2, 3, 4, 4, 4, 0x10, 0x11, 0x12, 0x45, 0xff]
    for (let i = 0; i < 1_000_000; i++) {
      const at = (i * 7_919) & 0xffff
      const bytes = pool.subarray(at, at + ((i * 31) % 160))
      // Initiations cost a keyed hash each; a share of them is enough.
      const type = types[i % types.length] ?? 0
      if (bytes.length > 0) bytes[0] = type === 1 && i % 100 !== 1 ? 4 : type
      listener.handleDatagram(bytes, {
        host: `10.0.${(i >> 8) & 255}.${i & 255}`,
        port: 1 + (i & 0x7fff),
      })
    }
    expect(listener.stats()).toMatchObject({ edges: 0, datagramsOut: 0, datagramsIn: 1_000_000 })
    expect(node.table.stats()).toMatchObject({ channels: 0, packetsIn: 0, packetsOut: 0 })
    expect(node.told.up).toEqual([])
    await meet(await udp('127.0.0.1'), node)
  })
})

async function udp(host: string): Promise<TestNode> {
  const listener = await UdpEdgeListener.open(runtime, { host, port: 0 })
  return open(listener)
}

async function tcp(host: string): Promise<TestNode> {
  const listener = await TcpEdgeListener.open(runtime, { host, port: 0 })
  return open(listener)
}

function open(listener: UdpEdgeListener | TcpEdgeListener): TestNode {
  const node = makeNode(runtime, [listener])
  opened.unshift(node.table)
  opened.push(listener)
  return node
}

/** Lets `left` find, dial and talk to `right`. */
async function meet(left: TestNode, right: TestNode): Promise<void> {
  const ta = right.table.hintOf().endpoints[0]
  const reply = await left.table.hello(ta as TransportAddress)
  if (!reply) throw new Error('no hello reply')
  const channel = left.table.dial(reply.hint)
  await until(() => channel.state === 'up' && right.table.channel(left.table.address) !== undefined)
  channel.send(frameOf('there'))
  await until(() => right.told.frames.some((frame) => frame.text === 'there'))
  right.table.channel(left.table.address)?.send(frameOf('back'))
  await until(() => left.told.frames.some((frame) => frame.text === 'back'))
}

function rubbish(): Uint8Array {
  const bytes = runtime.random.bytes(runtime.random.below(300))
  if (bytes.length > 0 && runtime.random.below(2) === 0) bytes[0] = runtime.random.below(20)
  return bytes
}

async function until(predicate: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!predicate()) {
    if (Date.now() > deadline) throw new Error('did not happen')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

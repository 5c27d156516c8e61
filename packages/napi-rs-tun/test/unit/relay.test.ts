/** Relay channels over the loopback: two ends and a relay in one process. Needs the addon but no privileges. */
import { afterEach, describe, expect, it } from '@jest/globals'
import { DataPlane, type DatagramSocket, type SocketEndpoint } from '../../src/index.ts'
import { findAddon } from '../../src/native/loader.ts'
import { bytes, session, until } from './planes.ts'

const withAddon = findAddon() === undefined ? describe.skip : describe
const UNLIMITED = { bytesPerSecond: Infinity, burstBytes: Infinity }

const open: DataPlane[] = []
afterEach(async () => {
  for (const plane of open.splice(0)) await plane.close()
})

withAddon('a relay channel', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '::1'],
    ['::1', '127.0.0.1'],
  ])('carries what an end at %s sends to the other at %s', async (from, to) => {
    const { alice, relay, bob } = await threeNodes(from, to)
    const { plane } = alice
    const sealed = [bytes('0102'), bytes('')].map((frame) => plane.seal(10, frame) ?? bytes(''))
    for (const inner of [...sealed, bytes('10ab'), relayFrame(9, bytes('10'))]) {
      alice.send(relayFrame(5, inner))
    }
    await until(() => bob.events.length >= 4 && relay.plane.counters()['relayRefused'] === 1)
    expect(bob.events).toEqual([
      'confirmed 20 by 6',
      'frame 20 0102 by 6',
      'frame 20  by 6',
      'datagram 10ab by 6',
    ])
    expect(relay.events).toEqual([])
    const passed = { packets: 3, bytes: 39 + 37 + 7 }
    expect(relay.plane.relayCounters(5)).toEqual({ ...passed, dropped: 1 })
    expect(bob.plane.relayCounters(6)).toEqual({ ...passed, dropped: 0 })
    expect(relay.plane.counters()).toMatchObject({
      relayed: 3,
      relayedBytes: passed.bytes,
      relayRefused: 1,
      relayOverQuota: 0,
      noticed: 0,
    })
  })

  it('leaves frames from elsewhere to JavaScript, which knows the other paths of the owner', async () => {
    const { relay, bob } = await threeNodes('127.0.0.1', '127.0.0.1')
    const stranger = await node('127.0.0.1')
    for (const channel of [5, 6]) {
      const target = channel === 5 ? relay.socket.local : bob.socket.local
      stranger.socket.send(relayFrame(channel, bytes('10ab')), target)
    }
    await until(() => bob.events.length > 0 && relay.events.length > 0)
    expect(relay.plane.relayCounters(5)).toEqual({ packets: 0, bytes: 0, dropped: 0 })
    expect(bob.plane.relayCounters(6)).toEqual({ packets: 0, bytes: 0, dropped: 0 })
    expect(relay.events).toEqual(['datagram 120500000010ab by 0'])
    expect(bob.events).toEqual(['datagram 120600000010ab by 0'])
  })

  it('leaves frames of channels without a row to JavaScript, as they are', async () => {
    const { alice, relay } = await threeNodes('127.0.0.1', '127.0.0.1')
    expect(relay.plane.removeRelay(5)).toBe(true)
    expect(relay.plane.removeRelay(5)).toBe(false)
    expect(relay.plane.relayCounters(5)).toBeUndefined()
    alice.send(relayFrame(5, bytes('10ab')))
    await until(() => relay.events.length > 0)
    expect(relay.events).toEqual(['datagram 120500000010ab by 0'])
  })

  it('has a quota, and so have all together', async () => {
    const { alice, relay, bob } = await threeNodes('127.0.0.1', '127.0.0.1')
    const big = relayFrame(5, new Uint8Array(1000).fill(0x10))
    const overQuota = () => relay.plane.counters()['relayOverQuota'] ?? 0
    relay.allow({ bytesPerSecond: 0, burstBytes: 2500 })
    for (let sent = 0; sent < 4; sent++) alice.send(big)
    await until(() => overQuota() === 2)
    expect(relay.plane.relayCounters(5)).toEqual({ packets: 2, bytes: 2010, dropped: 2 })

    relay.allow(UNLIMITED)
    relay.plane.setRelayQuota({ bytesPerSecond: 0, burstBytes: 100 })
    alice.send(big)
    await until(() => overQuota() === 3)
    relay.plane.setRelayQuota(UNLIMITED)
    alice.send(big)
    await until(() => bob.events.length === 3)
    expect(bob.events).toHaveLength(3)
    expect(relay.plane.relayCounters(5)).toEqual({ packets: 3, bytes: 3015, dropped: 3 })
  })

  it('ends with the sockets it needs', async () => {
    const { alice, relay } = await threeNodes('127.0.0.1', '::1')
    await relay.out.close()
    expect(relay.plane.relayCounters(5)).toBeUndefined()
    alice.send(relayFrame(5, bytes('10ab')))
    await until(() => relay.events.length > 0)
    expect(relay.events).toEqual(['datagram 120500000010ab by 0'])
  })

  it('cannot have number zero or another relay in between', async () => {
    const { plane, socket } = await node('127.0.0.1')
    const here = { socket: socket.id, ...socket.local }
    const row = { channel: 5, owner: here, next: here, nextChannel: 6, ...UNLIMITED }
    for (const action of [
      () => plane.installRelay({ ...row, channel: 0 }),
      () => plane.installRelay({ ...row, nextChannel: 0 }),
      () => plane.installRelay({ ...row, owner: { ...here, channel: 7 } }),
      () => plane.installRelay({ ...row, next: { ...here, host: 'nowhere' } }),
      () => plane.installRelayEnd({ channel: 5, relay: { ...here, channel: 7 } }),
    ]) {
      expect(action).toThrow(expect.objectContaining({ code: 'PLANE_ARGUMENT_INVALID' }))
    }
    expect(plane.relayCounters(5)).toBeUndefined()
  })
})

function relayFrame(channel: number, inner: Uint8Array): Uint8Array {
  return Uint8Array.of(0x12, channel, 0, 0, 0, ...inner)
}

interface Node {
  readonly plane: DataPlane
  readonly socket: DatagramSocket
  readonly events: string[]
}

/** Opens a plane with a socket at `host`. */
async function node(host: string): Promise<Node> {
  const events: string[] = []
  const note = (text: string, channel = 0) => void events.push(`${text} by ${channel}`)
  const hex = (value: Uint8Array) => Buffer.from(value).toString('hex')
  const plane = new DataPlane({
    handlers: {
      onFrame: (index, frame, { channel }) => note(`frame ${index} ${hex(frame)}`, channel),
      onStrayPacket: (index, packet, { channel }) =>
        note(`packet ${index} ${packet.length}`, channel),
      onConfirmed: (index, { channel }) => note(`confirmed ${index}`, channel),
      onMoved: (index, { channel }) => note(`moved ${index}`, channel),
    },
  })
  open.push(plane)
  plane.installPeer({ peer: 1, takesPartialChecksum: false, datagramBytesMax: 1472 })
  const socket = await plane.bind(
    { host, port: 0 },
    {
      onDatagram: (datagram, _from, channel) => note(`datagram ${hex(datagram)}`, channel),
      onError: () => undefined,
    },
  )
  return { plane, socket, events }
}

/** Opens Alice, whose frames of channel 5 a relay passes on as channel 6 of Bob. */
async function threeNodes(aliceHost: string, bobHost: string) {
  const [alice, relay, bob] = [await node(aliceHost), await node(aliceHost), await node(bobHost)]
  alice.plane.installSession(session(10, 20))
  bob.plane.installSession(session(20, 10))
  const out = await relay.plane.bind(
    { host: bobHost, port: 0 },
    { onDatagram: () => undefined, onError: () => undefined },
  )
  const owner: SocketEndpoint = { socket: relay.socket.id, ...alice.socket.local }
  const next: SocketEndpoint = { socket: out.id, ...bob.socket.local }
  const allow = (quota: typeof UNLIMITED) =>
    relay.plane.installRelay({ channel: 5, owner, next, nextChannel: 6, ...quota })
  allow(UNLIMITED)
  bob.plane.installRelayEnd({ channel: 6, relay: { socket: bob.socket.id, ...out.local } })
  const send = (bytes: Uint8Array) => alice.socket.send(bytes, relay.socket.local)
  return { alice: { ...alice, send }, relay: { ...relay, out, allow }, bob }
}

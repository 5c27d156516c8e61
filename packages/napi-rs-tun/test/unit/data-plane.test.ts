/** The data plane without an interface: sealing, opening, sockets, tables. Needs the addon but no privileges. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from '@jest/globals'
import { decodeNotice, ipv6Text } from '../../src/data-plane/records.ts'
import { DataPlane, type SessionRow } from '../../src/index.ts'
import type { NativeAddon } from '../../src/native/addon.ts'
import { findAddon, fitting } from '../../src/native/loader.ts'
import { bytes, session, until } from './planes.ts'

const withAddon = findAddon() === undefined ? describe.skip : describe
if (findAddon() === undefined) console.warn('skipped: the native addon was not built')

interface Vector {
  cipher: SessionRow['cipher']
  key: string
  receiverIndex: number
  counter: string
  plaintext: string
  datagram: string
}

const folder = dirname(fileURLToPath(import.meta.url))
const file = join(folder, '../../../security/test/vectors/transport-data.json')
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] }
const hex = (value: Uint8Array | undefined): string | undefined =>
  value && Buffer.from(value).toString('hex')

const open: DataPlane[] = []
afterEach(async () => {
  for (const plane of open.splice(0)) await plane.close()
})

function planeWith(rows: Partial<SessionRow>[] = [{}]): { plane: DataPlane; events: string[] } {
  const events: string[] = []
  const plane = new DataPlane({
    handlers: {
      onFrame: (index, frame) => void events.push(`frame ${index} ${hex(frame)}`),
      onStrayPacket: (index, packet) => void events.push(`packet ${index} ${packet.length}`),
      onConfirmed: (index) => void events.push(`confirmed ${index}`),
      onMoved: (index, from) => void events.push(`moved ${index} ${from.host}`),
    },
  })
  open.push(plane)
  plane.installPeer({ peer: 1, takesPartialChecksum: false, datagramBytesMax: 1472 })
  for (const row of rows) plane.installSession({ ...session(10, 20), ...row })
  return { plane, events }
}

withAddon('sealing and opening', () => {
  it.each(vectors.filter(({ counter }) => Number(counter) < 2 ** 34))(
    'agrees with the vectors of transport data: $cipher, counter $counter',
    ({ cipher, key, receiverIndex, counter, plaintext, datagram }) => {
      const both = { cipher, sendKey: bytes(key), receiveKey: bytes(key) }
      const { plane } = planeWith([
        { ...both, localIndex: 1, remoteIndex: receiverIndex, sentCount: Number(counter) },
        { ...both, localIndex: receiverIndex, remoteIndex: 1, receivedBelow: Number(counter) },
      ])
      expect(hex(plane.seal(1, bytes(plaintext)))).toBe(datagram)
      const opened = plane.open(bytes(datagram))
      expect(opened).toMatchObject({ localIndex: receiverIndex, isFirst: true })
      expect(hex(opened?.bytes)).toBe(plaintext)
      expect(plane.open(bytes(datagram))).toBeUndefined()
    },
  )

  it('refuses forgeries, counters that were received before, and unknown sessions', () => {
    const { plane: alice } = planeWith()
    const { plane: bob } = planeWith([{ ...session(20, 10), receivedBelow: 1 }])
    const [first, second] = [alice.seal(10, bytes('01')), alice.seal(10, bytes('02'))]
    if (!first || !second) throw new Error('not sealed')
    expect(bob.open(first)).toBeUndefined()
    const forged = Uint8Array.from(second)
    forged[16] = (forged[16] ?? 0) ^ 1
    expect(bob.open(forged)).toBeUndefined()
    expect(hex(bob.open(second)?.bytes)).toBe('02')
    expect(alice.seal(11, bytes('01'))).toBeUndefined()
    expect(bob.sessionCounters(20)).toMatchObject({ received: 1, receivedBytes: 33, sent: 0 })
    expect(alice.sessionCounters(10)).toMatchObject({ sent: 2, idleMs: undefined })
    expect(alice.sessionCounters(99)).toBeUndefined()
    expect(alice.removeSession(10)).toBe(true)
    expect(alice.removeSession(10)).toBe(false)
  })

  it('ends a session when its time is over', async () => {
    const { plane } = planeWith([{ lifetimeMs: 60 }])
    expect(plane.seal(10, bytes('01'))).toBeDefined()
    await until(() => plane.seal(10, bytes('01')) === undefined)
    expect(plane.seal(10, bytes('01'))).toBeUndefined()
  })

  it('stops sealing when an AES key has carried 2^34 messages', () => {
    const { plane } = planeWith([{ cipher: 'aes-256-gcm', sentCount: 2 ** 34 - 1 }])
    expect(plane.seal(10, bytes('01'))).toBeDefined()
    expect(plane.seal(10, bytes('01'))).toBeUndefined()
  })
})

withAddon('sockets', () => {
  it.each(['127.0.0.1', '::1'])('carry datagrams and frames over %s', async (host) => {
    const { plane: alice } = planeWith()
    const { plane: bob, events } = planeWith([session(20, 10)])
    const handlers = {
      onDatagram: (datagram: Uint8Array, from: { host: string; port: number }) =>
        void events.push(`datagram ${from.host} ${from.port === a.local.port} ${hex(datagram)}`),
      onError: () => undefined,
    }
    const a = await alice.bind({ host, port: 0 }, handlers)
    const b = await bob.bind({ host, port: 0 }, handlers)
    expect(b.local.host).toBe(host)
    a.send(bytes('1001'), b.local)
    const packet = new Uint8Array(28).fill(0)
    packet.set([0x45, 0, 0, 28])
    for (const frame of [bytes('0102'), bytes(''), packet]) {
      a.send(alice.seal(10, frame) ?? bytes(''), b.local)
    }
    await until(() => events.length >= 5)
    expect(events).toEqual([
      `datagram ${host} true 1001`,
      'confirmed 20',
      'frame 20 0102',
      'frame 20 ',
      'packet 20 28',
    ])
    await a.close()
    await a.close()
  })

  it('of both families share a port and keep to their own', async () => {
    const { plane } = planeWith()
    const heard: string[] = []
    const on = (name: string) => ({
      onDatagram: (datagram: Uint8Array, from: { host: string }) =>
        void heard.push(`${name} ${from.host} ${hex(datagram)}`),
      onError: () => undefined,
    })
    const v4 = await plane.bind({ host: '0.0.0.0', port: 0 }, on('v4'))
    const { port } = v4.local
    const v6 = await plane.bind({ host: '::', port }, on('v6'))
    expect(v6.local).toEqual({ host: '::', port })
    v6.send(bytes('01'), { host: '127.0.0.1', port })
    v4.send(bytes('02'), { host: '127.0.0.1', port })
    v6.send(bytes('03'), { host: '::1', port })
    await until(() => heard.length >= 2)
    expect(heard.sort()).toEqual(['v4 127.0.0.1 02', 'v6 ::1 03'])
    expect(plane.counters()['sendErrors']).toBe(1)
    expect(() => v6.send(bytes('04'), { host: 'fe80::1%nowhere', port })).toThrow(
      expect.objectContaining({ code: 'PLANE_ARGUMENT_INVALID' }),
    )
  })

  it('drop and count a flood that JavaScript does not take in time', async () => {
    const { plane } = planeWith()
    let received = 0
    const handlers = { onDatagram: () => void received++, onError: () => undefined }
    const socket = await plane.bind({ host: '127.0.0.1', port: 0 }, handlers)
    const datagram = new Uint8Array(1200).fill(1)
    const dropped = () => plane.counters()['noticesDropped'] ?? 0
    // Without a pause for the event loop, until the queue of 4 MiB has overflowed.
    for (let round = 0; round < 200 && dropped() === 0; round++) {
      for (let i = 0; i < 500; i++) socket.send(datagram, socket.local)
    }
    expect(dropped()).toBeGreaterThan(0)
    await until(() => received > 3000)
    expect(received).toBeGreaterThan(3000)
  })

  it('say why they cannot be bound', async () => {
    const { plane } = planeWith()
    const handlers = { onDatagram: () => undefined, onError: () => undefined }
    const { local } = await plane.bind({ host: '127.0.0.1', port: 0 }, handlers)
    await expect(plane.bind(local, handlers)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const nowhere = { host: '192.0.2.77', port: 0 }
    await expect(plane.bind(nowhere, handlers)).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
    await expect(plane.bind({ host: 'a.b', port: 1 }, handlers)).rejects.toMatchObject({
      code: 'EINVAL',
    })
  })
})

withAddon('tables', () => {
  it('refuse rows that cannot work, with a code', async () => {
    const { plane } = planeWith()
    const codes: [() => unknown, string][] = [
      [() => plane.installSession(session(10, 20)), 'PLANE_ARGUMENT_INVALID'],
      [() => plane.installSession({ ...session(11, 20), peer: 9 }), 'PLANE_ROW_UNKNOWN'],
      [
        () => plane.installSession({ ...session(11, 20), sendKey: bytes('00') }),
        'PLANE_ARGUMENT_INVALID',
      ],
      [() => plane.useSession(99), 'PLANE_ROW_UNKNOWN'],
      [() => plane.movePeer(9, undefined), 'PLANE_ROW_UNKNOWN'],
      [() => plane.installRoute('10.0.0.0/33', 1), 'TUN_ARGUMENT_INVALID'],
      [() => plane.installRoute('10.0.0.0/8', 9), 'PLANE_ROW_UNKNOWN'],
      [() => plane.setOwnAddresses(['10.0.0.300']), 'PLANE_ARGUMENT_INVALID'],
      [() => plane.setOwnAddresses(['10.0.0.1', '224.0.0.1']), 'PLANE_ARGUMENT_INVALID'],
    ]
    for (const [action, code] of codes) expect(action).toThrow(expect.objectContaining({ code }))
    plane.installRoute('10.0.0.0/8', 1)
    expect(plane.withdrawRoute('10.0.0.0/8')).toBe(true)
    expect(plane.withdrawRoute('10.0.0.0/8')).toBe(false)
    plane.removePeer(1)
    expect(plane.sessionCounters(10)).toBeUndefined()
    await plane.close()
    await plane.close()
    expect(() => plane.counters()).toThrow(expect.objectContaining({ code: 'PLANE_CLOSED' }))
  })
})

describe('fitting', () => {
  it('refuses an addon that was built from other sources', () => {
    const old = { INTERFACE_VERSION: 1 } as NativeAddon
    expect(() => fitting(old, 'addon.node')).toThrow(/addon.node was built from other sources/)
    expect(() => fitting({} as NativeAddon, 'x')).toThrow(
      expect.objectContaining({ code: 'TUN_ADDON_MISSING' }),
    )
  })
})

describe('ipv6Text', () => {
  it.each([
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['fd00::1:0:0:1', 'fd000000000000000001000000000001'],
    ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
    ['1::', `0001${'0'.repeat(28)}`],
  ])('writes %s', (text, input) => {
    expect(ipv6Text(bytes(input))).toBe(text)
  })
})

describe('decodeNotice', () => {
  it('keeps the scope of a link-local source', () => {
    const record = bytes(`0106a00f${'00'.repeat(8)}fe80${'00'.repeat(13)}010300000000000000abcd`)
    expect(decodeNotice(record)).toMatchObject({
      kind: 'datagram',
      from: { host: 'fe80::1%3', port: 4000 },
      bytes: bytes('abcd'),
    })
    expect(decodeNotice(record)?.from).not.toHaveProperty('channel')
  })

  it('says through which relay channel a datagram came', () => {
    const record = bytes(`0104a00f${'00'.repeat(8)}c0000201${'00'.repeat(16)}01020304ab`)
    expect(decodeNotice(record)).toEqual({
      kind: 'datagram',
      localIndex: 0,
      from: { socket: 0, host: '192.0.2.1', port: 4000, channel: 0x04030201 },
      bytes: bytes('ab'),
    })
  })

  it('skips kinds it does not know and records that are cut off', () => {
    expect(decodeNotice(new Uint8Array(40).fill(9))).toBeUndefined()
    expect(decodeNotice(Uint8Array.of(1, 4, 0))).toBeUndefined()
  })
})

/** Handshakes and data with an unmodified wireguard-go, in both roles. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { toHex } from '@ipop/codec'
import { silentLog } from '@ipop/runtime'
import {
  Identity,
  RandomIndexAllocator,
  SessionEndpoint,
  WIREGUARD_PROFILE,
} from '../../src/index.ts'
import type { SessionEvent, SessionPath } from '../../src/index.ts'
import { REKEY_AFTER_MS } from '../../src/limits.ts'
import { X25519PrivateKey } from '../../src/primitives/x25519.ts'
import { seededRandom } from '../kit.ts'
import { pause, reasonToSkip, WireguardLab } from './wireguard-lab.ts'
import type { LabSocket } from './wireguard-lab.ts'

const PSK = new Uint8Array(randomBytes(32))
const KERNEL = [10, 88, 0, 1]
const skipReason = reasonToSkip()
if (skipReason !== undefined)
  console.warn(`wireguard-go interoperability not tested: ${skipReason}`)

;(skipReason === undefined ? describe : describe.skip)('with wireguard-go', () => {
  const lab = new WireguardLab()
  const theirSecret = randomBytes(32)
  const theirPublic = X25519PrivateKey.fromBytes(theirSecret).publicKey
  let theirPort = 0
  const peers: Peer[] = []

  beforeAll(async () => {
    await lab.start('10.88.0.1/24')
    await lab.configure(['set=1', `private_key=${toHex(theirSecret)}`, 'listen_port=0'])
    theirPort = Number(/listen_port=(\d+)/.exec(await lab.configure(['get=1']))?.[1])
  })

  afterAll(async () => {
    for (const peer of peers) peer.stop()
    await lab.close()
  })

  async function addPeer(host: number, extra: (port: number) => string[]): Promise<Peer> {
    const peer = new Peer(await lab.openSocket(), theirPublic, () => theirPort)
    peers.push(peer)
    const answer = await lab.configure([
      'set=1',
      `public_key=${toHex(peer.publicKey)}`,
      `preshared_key=${toHex(PSK)}`,
      `allowed_ip=10.88.0.${host}/32`,
      ...extra(peer.socket.port),
    ])
    expect(answer).toBe('errno=0\n\n')
    return peer
  }

  it('completes a handshake that we start, and the kernel answers a ping through it', async () => {
    const peer = await addPeer(2, () => [])
    peer.connect()
    await peer.waitFor('established')
    peer.send(echoRequest([10, 88, 0, 2], KERNEL, 1))
    const reply = await peer.waitFor('frame')
    expect(reply.kind === 'frame' && describePacket(reply.bytes)).toEqual({
      from: '10.88.0.1',
      to: '10.88.0.2',
      icmpType: 0,
      sequence: 1,
    })
  })

  it('answers a handshake that wireguard-go starts, and carries a ping both ways', async () => {
    const peer = await addPeer(3, (port) => [
      `endpoint=127.0.0.1:${port}`,
      'persistent_keepalive_interval=1',
    ])
    await peer.waitFor('responding')
    const established = await peer.waitFor('established')
    expect(established).toMatchObject({ asInitiator: false })
    for (let sequence = 1; sequence <= 20; sequence++) {
      peer.send(echoRequest([10, 88, 0, 3], KERNEL, sequence))
      const reply = await peer.waitFor('frame')
      expect(reply.kind === 'frame' && describePacket(reply.bytes).sequence).toBe(sequence)
    }
  })

  it('replaces the key when it gets old, and goes on', async () => {
    const peer = await addPeer(5, () => [])
    peer.connect()
    await peer.waitFor('established')
    const before = peer.keyIndex
    peer.skipTime(REKEY_AFTER_MS)
    for (let sequence = 1; sequence <= 200 && peer.keyIndex === before; sequence++) {
      peer.send(echoRequest([10, 88, 0, 5], KERNEL, sequence))
      await peer.waitFor('frame')
    }
    expect(peer.keyIndex).not.toBe(before)
    peer.send(echoRequest([10, 88, 0, 5], KERNEL, 250))
    const reply = await peer.waitFor('frame')
    expect(reply.kind === 'frame' && describePacket(reply.bytes).sequence).toBe(250)
  })

  it('gets no answer with another pre-shared key', async () => {
    const peer = await addPeer(4, () => [`preshared_key=${toHex(new Uint8Array(32).fill(1))}`])
    peer.connect()
    await pause(1_500)
    expect(peer.kinds).toEqual([])
  })
})

/** One of our endpoints, driven in real time. */
class Peer {
  readonly socket: LabSocket
  readonly publicKey: Uint8Array
  readonly #endpoint: SessionEndpoint<SessionPath>
  readonly #remoteKey: Uint8Array
  readonly #remotePort: () => number
  readonly #timer: ReturnType<typeof setInterval>
  #events: SessionEvent<SessionPath>[] = []
  #skippedMs = 0

  constructor(socket: LabSocket, remoteKey: Uint8Array, remotePort: () => number) {
    this.socket = socket
    this.#remoteKey = remoteKey
    this.#remotePort = remotePort
    const random = seededRandom(toHex(randomBytes(16)))
    const identity = Identity.create(random)
    this.publicKey = identity.sessionKeys.publicKey
    this.#endpoint = new SessionEndpoint(
      {
        random,
        log: silentLog,
        wallTimeMs: () => Date.now(),
        indexes: new RandomIndexAllocator({ random }),
      },
      { identity, namespace: '', profile: WIREGUARD_PROFILE, psk: PSK, retryMinMs: 1_000 },
    )
    const path = { id: 'wireguard-go', sourceBytes: new Uint8Array(6) }
    socket.onDatagram = (bytes) => {
      this.#endpoint.handleDatagram(bytes, path, this.#now())
      this.#flush()
    }
    this.#timer = setInterval(() => {
      this.#endpoint.handleTimeout(this.#now())
      this.#flush()
    }, 20)
  }

  get kinds(): string[] {
    return this.#events.map((event) => event.kind)
  }

  get keyIndex(): number | undefined {
    return this.#endpoint.session(this.#remoteKey)?.currentKey?.parts.localIndex
  }

  skipTime(ms: number): void {
    this.#skippedMs += ms
  }

  connect(): void {
    this.#endpoint.connect({ sessionKey: this.#remoteKey }, this.#now())
    this.#flush()
  }

  send(frame: Uint8Array): void {
    const session = this.#endpoint.session(this.#remoteKey)
    const bytes = session?.seal(frame, this.#now())
    if (bytes !== undefined) this.socket.send(bytes, this.#remotePort())
    this.#flush()
  }

  async waitFor(kind: string): Promise<SessionEvent<SessionPath>> {
    for (let i = 0; i < 1_000; i++) {
      const at = this.#events.findIndex((event) => event.kind === kind)
      if (at >= 0) return this.#events.splice(at, 1)[0] as SessionEvent<SessionPath>
      await pause(10)
    }
    throw new Error(`no event ${kind}`)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #now(): number {
    return performance.now() + this.#skippedMs
  }

  #flush(): void {
    const endpoint = this.#endpoint
    for (let t = endpoint.pollTransmit(); t; t = endpoint.pollTransmit()) {
      this.socket.send(t.bytes, this.#remotePort())
    }
    for (let event = endpoint.pollEvent(); event; event = endpoint.pollEvent()) {
      this.#events.push(event)
    }
  }
}

function echoRequest(from: readonly number[], to: readonly number[], sequence: number): Uint8Array {
  const packet = Buffer.alloc(20 + 8 + 36)
  packet.set([0x45, 0, 0, packet.length, 0, sequence, 0, 0, 64, 1, 0, 0, ...from, ...to])
  packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10)
  packet.set([8, 0, 0, 0, 0x12, 0x34, 0, sequence], 20)
  packet.writeUInt16BE(checksum(packet.subarray(20)), 22)
  return new Uint8Array(packet)
}

function checksum(bytes: Buffer): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16BE(i)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function describePacket(bytes: Uint8Array): {
  from: string
  to: string
  icmpType: number | undefined
  sequence: number | undefined
} {
  return {
    from: [...bytes.subarray(12, 16)].join('.'),
    to: [...bytes.subarray(16, 20)].join('.'),
    icmpType: bytes[20],
    sequence: bytes[27],
  }
}

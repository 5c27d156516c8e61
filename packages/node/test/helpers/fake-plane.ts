/** A data plane in TypeScript, over the sockets of any runtime: what the native one does, packet by packet. */
import type { DatagramPort, DatagramSocket as PortSocket } from '@ipop/runtime'
import { TransportKey } from '@ipop/security'
import { decodeRelayFrame, encodeRelayFrame } from '@ipop/transport'
import { Malformed } from '@ipop/codec'
import {
  DataPlaneError,
  type DataPlaneHandlers,
  type DatagramHandlers,
  type DatagramSocket,
  type Endpoint,
  type PeerRow,
  type RelayCounters,
  type RelayEndRow,
  type RelayQuota,
  type RelayRow,
  type SessionCounters,
  type SessionRow,
  type SessionTroubles,
  type SocketEndpoint,
} from 'napi-rs-tun'
import type { Plane } from '../../src/dataplane/plane.ts'
import { addRefusals, NO_REFUSALS } from '../../src/dataplane/refusals.ts'

/** The first link is an Ethernet. */
const LINK_DATAGRAM_BYTES_MAX = 1472

interface FakeSession {
  readonly row: SessionRow
  readonly key: TransportKey
  counters: { sent: number; sentBytes: number; received: number; receivedBytes: number }
  source: string
}

interface FakePeer {
  row: PeerRow
  session: number | undefined
  endpoint: SocketEndpoint | undefined
}

/** A packet is text here: `E` (an IPv4 header begins with 0x45), the sender, `>` and the receiver, and what it says. */
export class FakePlane implements Plane {
  /** Packets for the interface. */
  readonly delivered: string[] = []
  readonly peers = new Map<number, FakePeer>()
  readonly sessions = new Map<number, FakeSession>()
  readonly routes = new Map<string, number>()
  readonly relayRows = new Map<number, RelayRow & { packets: number }>()
  readonly relayEnds = new Map<number, RelayEndRow>()
  own: readonly string[] = []
  /** What was refused, by session. */
  readonly refused = new Map<number, Partial<SessionTroubles>>()
  /** Trains that the first link refused. */
  tooLongTrains = 0
  /** How many datagrams were sent that may not be cut. */
  wholes = 0
  relayQuota: RelayQuota | undefined
  hasFastAes = true
  hasSegmentation = true
  /** How many sessions it takes. */
  sessionsMax = 100
  /** How many peers it takes. */
  peersMax = 100
  readonly #datagrams: DatagramPort
  readonly #handlers: DataPlaneHandlers
  readonly #sockets: PortSocket[] = []
  #isClosed = false

  constructor(datagrams: DatagramPort, handlers: DataPlaneHandlers) {
    this.#datagrams = datagrams
    this.#handlers = handlers
  }

  /** Sends a packet as the interface would; returns false when it is left to JavaScript. */
  packet(from: string, to: string, text: string): boolean {
    const peer = this.peers.get(this.routes.get(`${to}/32`) ?? -1)
    if (peer?.session === undefined || peer.endpoint === undefined) return false
    const datagram = this.seal(peer.session, encode(`E${from}>${to} ${text}`))
    if (datagram) this.#send(datagram, peer.endpoint)
    return datagram !== undefined
  }

  async bind(local: Endpoint, handlers: DatagramHandlers): Promise<DatagramSocket> {
    const id = this.#sockets.length
    const socket = await this.#datagrams.bind(local, {
      onDatagram: (bytes, from) => this.#receive(bytes, { socket: id, ...from }, handlers),
      onError: (error) => handlers.onError(error),
    })
    this.#sockets.push(socket)
    return {
      id,
      local: socket.local,
      send: (bytes, to) => socket.send(bytes, to),
      sendWhole: (bytes, to) => {
        this.wholes++
        if (bytes.length <= LINK_DATAGRAM_BYTES_MAX) socket.send(bytes, to)
        return bytes.length <= LINK_DATAGRAM_BYTES_MAX
      },
      close: () => socket.close(),
    }
  }

  installPeer(row: PeerRow): void {
    const known = this.peers.get(row.peer)
    if (known) known.row = row
    else if (this.peers.size >= this.peersMax) throw new DataPlaneError('PLANE_TABLE_FULL', 'full')
    else this.peers.set(row.peer, { row, session: undefined, endpoint: undefined })
  }

  removePeer(peer: number): void {
    this.peers.delete(peer)
    for (const [index, { row }] of this.sessions) if (row.peer === peer) this.sessions.delete(index)
    for (const [cidr, owner] of this.routes) if (owner === peer) this.routes.delete(cidr)
  }

  installSession(row: SessionRow): void {
    if (this.sessions.size >= this.sessionsMax) throw new DataPlaneError('PLANE_TABLE_FULL', 'full')
    this.#peer(row.peer)
    const common = { isInitiator: true, createdAt: 0, paddingMultiple: 1 }
    const keys = { sendKey: row.sendKey.slice(), receiveKey: row.receiveKey.slice() }
    const counters = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0 }
    const key = new TransportKey({ ...row, ...common, ...keys })
    this.sessions.set(row.localIndex, { row, key, counters, source: '' })
  }

  useSession(localIndex: number): void {
    const session = this.sessions.get(localIndex)
    if (!session) throw new DataPlaneError('PLANE_ROW_UNKNOWN', 'no such session')
    this.#peer(session.row.peer).session = localIndex
  }

  removeSession(localIndex: number): boolean {
    for (const peer of this.peers.values())
      if (peer.session === localIndex) peer.session = undefined
    return this.sessions.delete(localIndex)
  }

  movePeer(peer: number, endpoint: SocketEndpoint | undefined): void {
    this.#peer(peer).endpoint = endpoint
  }

  installRoute(cidr: string, peer: number): void {
    this.#peer(peer)
    this.routes.set(cidr, peer)
  }

  withdrawRoute(cidr: string): boolean {
    return this.routes.delete(cidr)
  }

  setRelayQuota(quota: RelayQuota): void {
    this.relayQuota = quota
  }

  installRelay(row: RelayRow): void {
    this.removeRelay(row.channel)
    this.relayRows.set(row.channel, { ...row, packets: 0 })
  }

  installRelayEnd(row: RelayEndRow): void {
    this.removeRelay(row.channel)
    this.relayEnds.set(row.channel, row)
  }

  removeRelay(channel: number): boolean {
    return this.relayRows.delete(channel) || this.relayEnds.delete(channel)
  }

  relayCounters(channel: number): RelayCounters | undefined {
    const row = this.relayRows.get(channel)
    return row && { packets: row.packets, bytes: 0, dropped: 0 }
  }

  setOwnAddresses(addresses: readonly string[]): void {
    const isGroup = addresses.some((address) => Number(address.split('.')[0]) >= 224)
    if (isGroup) throw new DataPlaneError('PLANE_ARGUMENT_INVALID', 'not a unicast address')
    this.own = addresses
  }

  seal(localIndex: number, frame: Uint8Array): Uint8Array | undefined {
    const session = this.sessions.get(localIndex)
    const datagram = session?.key.seal(frame, 0)
    if (session && datagram) {
      session.counters.sent += 1
      session.counters.sentBytes += datagram.length
    }
    return datagram
  }

  open(datagram: Uint8Array): ReturnType<Plane['open']> {
    const localIndex = new DataView(datagram.buffer, datagram.byteOffset).getUint32(4, true)
    const session = this.sessions.get(localIndex)
    const bytes = session?.key.open(datagram, 0)
    if (!session || !bytes) return undefined
    session.counters.received += 1
    session.counters.receivedBytes += datagram.length
    return { localIndex, isFirst: session.counters.received === 1, bytes }
  }

  counters(): Record<string, number> {
    return { sealed: 1, tooLongTrains: this.tooLongTrains }
  }

  features(): Readonly<Record<string, boolean>> {
    return { udpSegment: this.hasSegmentation }
  }

  sessionCounters(localIndex: number): SessionCounters | undefined {
    const session = this.sessions.get(localIndex)
    const refused = addRefusals(NO_REFUSALS, this.refused.get(localIndex))
    return session && { ...session.counters, ...refused, idleMs: undefined }
  }

  close(): Promise<void> {
    this.#isClosed = true
    return Promise.resolve()
  }

  #peer(peer: number): FakePeer {
    const found = this.peers.get(peer)
    if (this.#isClosed) throw new DataPlaneError('PLANE_CLOSED', 'closed')
    if (!found) throw new DataPlaneError('PLANE_ROW_UNKNOWN', `no peer ${peer}`)
    return found
  }

  #send(datagram: Uint8Array, { socket, channel, ...to }: SocketEndpoint): void {
    const bytes = channel === undefined ? datagram : encodeRelayFrame(channel, datagram)
    this.#sockets[socket]?.send(bytes, to)
  }

  /** Returns whether the frame was carried or dropped here; an end's datagram is handled as if it had come directly. */
  #relay(bytes: Uint8Array, source: SocketEndpoint, handlers: DatagramHandlers): boolean {
    const frame = decodeRelayFrame(bytes)
    if (frame instanceof Malformed) return false
    const { channel, datagram } = frame
    const row = this.relayRows.get(channel)
    const end = this.relayEnds.get(channel)
    if (!row && !end) return false
    if (!isSame(source, row?.owner ?? end?.relay)) return false
    if (row) {
      row.packets++
      this.#send(datagram, { ...row.next, channel: row.nextChannel })
    } else this.#receive(datagram, { ...source, channel }, handlers)
    return true
  }

  #receive(bytes: Uint8Array, source: SocketEndpoint, handlers: DatagramHandlers): void {
    if (bytes[0] === 0x12 && this.#relay(bytes, source, handlers)) return
    const index = bytes.length >= 32 && bytes[0] === 4 ? bytes[4] : undefined
    const localIndex =
      index === undefined ? -1 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true)
    const session = this.sessions.get(localIndex)
    if (!session) return handlers.onDatagram(bytes, source, source.channel)
    const opened = this.open(bytes)
    if (!opened) return
    const from = `${source.host} ${source.port} ${source.channel}`
    const hasMoved = session.source !== from
    session.source = from
    if (opened.isFirst) this.#handlers.onConfirmed(localIndex, source)
    else if (hasMoved) this.#handlers.onMoved(localIndex, source)
    const text = new TextDecoder().decode(opened.bytes)
    const [, sender, receiver = ''] = /^E([\d.]+)>([\d.]+) /.exec(text) ?? []
    if (sender === undefined) return this.#handlers.onFrame(localIndex, opened.bytes, source)
    const isPassed =
      this.routes.get(`${sender}/32`) === session.row.peer && this.own.includes(receiver)
    if (isPassed) this.delivered.push(text.slice(1).replace(`>${receiver}`, ''))
    else this.#handlers.onStrayPacket(localIndex, opened.bytes, source)
  }
}

function isSame(one: SocketEndpoint, other: SocketEndpoint | undefined): boolean {
  return one.socket === other?.socket && one.host === other.host && one.port === other.port
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

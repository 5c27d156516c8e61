/** One end of a two-node laboratory: a data plane with static keys, steered by messages from its parent. */
import { DataPlane, openDataPlane, openDevice } from '../../src/index.ts'
import { openRelay, receiveChannelOf, RELAY_PORT, sendChannelOf } from './relay-plane.ts'
import type { DatagramSocket, SocketEndpoint, VirtualDevice } from '../../src/index.ts'

/** What the parent may ask; every request gets one reply. */
export type Request =
  | {
      do: 'open'
      own: 1 | 2
      /** MTU of the interface; 1,420 by default. */
      mtu?: number
      /** Threads a direction. */
      threads?: number
      cipher: 'chacha20-poly1305' | 'aes-256-gcm'
      isV6: boolean
      partial: boolean
    }
  | { do: 'frame'; text: string }
  | { do: 'datagram'; text: string }
  | { do: 'withdraw' }
  | { do: 'install' }
  | { do: 'own'; addresses: string[] }
  | { do: 'rebind' }
  | { do: 'path'; datagramBytesMax: number }
  | { do: 'whole'; bytes: number }
  /** Opens a relay in this process. */
  | { do: 'relay' }
  /** Takes the way through the relay, or the direct one. */
  | { do: 'way'; isRelayed: boolean }
  | { do: 'report' }
  | { do: 'close' }

/** What a node has seen. */
export interface Report {
  events: string[]
  counters: Record<string, number>
  /** The counters of the relay in this process. */
  relay: Record<string, number> | undefined
  received: number
  cpuMs: number
  punted: number
}

class PlaneNode {
  readonly own: number
  readonly other: number
  readonly isV6: boolean
  readonly device: VirtualDevice
  readonly plane: DataPlane
  readonly events: string[] = []
  punted = 0
  readonly #takesPartialChecksum: boolean
  #socket: DatagramSocket | undefined
  #relay: DataPlane | undefined

  constructor(request: Extract<Request, { do: 'open' }>) {
    this.own = request.own
    this.other = 3 - request.own
    this.isV6 = request.isV6
    const addresses = [`10.9.0.${this.own}/24`, `fd09::${this.own}/64`]
    const { mtu = 1420, threads = 1 } = request
    this.device = openDevice({
      name: 'ipop0',
      kind: 'tun',
      addresses,
      mtu,
      offload: true,
      threads,
      up: true,
    })
    this.device.onPackets((packets) => (this.punted += packets.length))
    const log = (text: string) => void this.events.push(text)
    this.plane = openDataPlane({
      device: this.device,
      threads,
      handlers: {
        onFrame: (index, frame, from) =>
          log(`frame ${index} ${from.host} ${Buffer.from(frame).toString()}`),
        onStrayPacket: (index, packet) => log(`stray ${index} ${packet.length}`),
        onConfirmed: (index, from) => log(`confirmed ${index} ${from.host}`),
        onMoved: (index, from) => this.#follow(index, from),
      },
    })
    const keys = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const [sendKey, receiveKey] = this.own === 1 ? keys : keys.reverse()
    if (!sendKey || !receiveKey) throw new Error('two keys')
    this.#takesPartialChecksum = request.partial
    this.setPath(this.isV6 ? 1452 : 1472)
    const { cipher } = request
    const localIndex = 100 + this.own
    const remoteIndex = 100 + this.other
    this.plane.installSession({
      localIndex,
      remoteIndex,
      peer: this.other,
      cipher,
      sendKey,
      receiveKey,
    })
    this.plane.useSession(localIndex)
    this.plane.setOwnAddresses([`10.9.0.${this.own}`, `fd09::${this.own}`])
    this.install()
  }

  get peerEndpoint(): { host: string; port: number } {
    return { host: this.hostOf(this.other), port: 4000 }
  }

  hostOf(end: number): string {
    return this.isV6 ? `fd07::${end}` : `192.168.7.${end}`
  }

  async openRelay(): Promise<void> {
    const log = (text: string) => void this.events.push(text)
    this.#relay = await openRelay([this.hostOf(1), this.hostOf(2)], log)
  }

  /** The relay is in the process of the first end. */
  take(isRelayed: boolean): void {
    const socket = this.socket.id
    if (!isRelayed) return this.plane.movePeer(this.other, { socket, ...this.peerEndpoint })
    const relay = { socket, host: this.hostOf(1), port: RELAY_PORT }
    this.plane.installRelayEnd({ channel: receiveChannelOf(this.own), relay })
    this.plane.movePeer(this.other, { ...relay, channel: sendChannelOf(this.own) })
  }

  get socket(): DatagramSocket {
    if (this.#socket === undefined) throw new Error('not bound')
    return this.#socket
  }

  async bind(port: number): Promise<void> {
    const handlers = {
      onDatagram: (bytes: Uint8Array, from: { host: string }) =>
        void this.events.push(
          `datagram ${from.host} ${Buffer.from(bytes.subarray(0, 32)).toString()}`,
        ),
      onError: () => undefined,
    }
    this.#socket = await this.plane.bind({ host: this.isV6 ? '::' : '0.0.0.0', port }, handlers)
    this.plane.movePeer(this.other, { socket: this.#socket.id, ...this.peerEndpoint })
  }

  setPath(datagramBytesMax: number): void {
    const takesPartialChecksum = this.#takesPartialChecksum
    this.plane.installPeer({ peer: this.other, takesPartialChecksum, datagramBytesMax })
  }

  /** Sends a datagram that may not be cut; notes whether the first link took it. */
  whole(bytes: number): void {
    const isSent = this.socket.sendWhole(new Uint8Array(bytes).fill(0x10), this.peerEndpoint)
    this.events.push(`whole ${bytes} ${isSent}`)
  }

  async rebind(): Promise<void> {
    await this.socket.close()
    await this.bind(4001)
  }

  install(): void {
    this.plane.installRoute(`10.9.0.${this.other}/32`, this.other)
    this.plane.installRoute(`fd09::${this.other}/128`, this.other)
  }

  withdraw(): void {
    this.plane.withdrawRoute(`10.9.0.${this.other}/32`)
  }

  frame(text: string): void {
    const datagram = this.plane.seal(100 + this.own, Buffer.from(text))
    if (datagram) this.socket.send(datagram, this.peerEndpoint)
  }

  report(): Report {
    const { user, system } = process.cpuUsage()
    const received = this.plane.sessionCounters(100 + this.own)?.received ?? 0
    const { events, punted } = this
    return {
      events,
      counters: this.plane.counters(),
      relay: this.#relay?.counters(),
      received,
      cpuMs: (user + system) / 1000,
      punted,
    }
  }

  async close(): Promise<void> {
    await this.#relay?.close()
    await this.plane.close()
    await this.plane.close()
    await this.device.close()
  }

  #follow(index: number, from: SocketEndpoint): void {
    this.events.push(`moved ${index} ${from.port}`)
    if (from.channel === undefined) this.plane.movePeer(this.other, from)
    else this.take(true)
  }
}

let node: PlaneNode | undefined

async function answer(request: Request): Promise<Report | undefined> {
  if (request.do === 'open') {
    node = new PlaneNode(request)
    await node.bind(4000)
    return undefined
  }
  if (node === undefined) throw new Error('open first')
  if (request.do === 'frame') node.frame(request.text)
  if (request.do === 'datagram') node.socket.send(Buffer.from(request.text), node.peerEndpoint)
  if (request.do === 'withdraw') node.withdraw()
  if (request.do === 'install') node.install()
  if (request.do === 'own') node.plane.setOwnAddresses(request.addresses)
  if (request.do === 'rebind') await node.rebind()
  if (request.do === 'relay') await node.openRelay()
  if (request.do === 'way') node.take(request.isRelayed)
  if (request.do === 'path') node.setPath(request.datagramBytesMax)
  if (request.do === 'whole') node.whole(request.bytes)
  if (request.do === 'close') {
    await node.close()
    process.disconnect()
    return undefined
  }
  return request.do === 'report' ? node.report() : undefined
}

process.on('message', (request: Request) => {
  void answer(request).then(
    (report) => process.connected && process.send?.({ report }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.send?.({ report: undefined })

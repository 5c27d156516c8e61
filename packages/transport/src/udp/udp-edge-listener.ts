/** UDP: one socket, many nodes behind it, one edge per remote endpoint. */
import { Malformed } from '@ipop/codec'
import type {
  Clock,
  DatagramPort,
  DatagramSocket,
  Endpoint,
  Log,
  NetworkInterfaces,
  Random,
  Timers,
} from '@ipop/runtime'
import type { TransportAddress } from '../address/transport-address.ts'
import type {
  Attachment,
  DatagramReceiver,
  DatagramTypeHandler,
  EdgeListener,
} from '../edge/edge.ts'
import { IndexTable } from '../edge/index-table.ts'
import { PortNodes } from '../edge/port-nodes.ts'
import { HelloResponder } from '../hello/hello-responder.ts'
import { DropCounts } from '../stats/drop-counts.ts'
import { DATAGRAM_HELLO } from '../wire/frame-types.ts'
import { LocalDelivery } from './local-delivery.ts'
import { OwnEndpoints } from '../edge/own-endpoints.ts'
import { UdpEdge, type UdpEdgeHost } from './udp-edge.ts'
import { UdpEdgeTable } from './udp-edge-table.ts'

/** The ports a UDP listener uses. */
export interface UdpListenerRuntime {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  readonly datagrams: DatagramPort
  readonly interfaces: NetworkInterfaces
}

/** Where a UDP listener binds. */
export interface UdpListenerOptions {
  /** An IP literal; `0.0.0.0` or `::` for every interface of the family. */
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  /** Receiver indices shared with other ports of the same nodes. */
  readonly indexes?: IndexTable
}

/** Traffic of one port. */
export interface UdpListenerStats {
  readonly datagramsIn: number
  readonly datagramsOut: number
  /** Of those sent, how many stayed in the process. */
  readonly datagramsLocal: number
  readonly edges: number
  readonly drops: Readonly<Record<string, number>>
}

/** A UDP port. IPv4 and IPv6 are two listeners, which may have the same port number. */
export class UdpEdgeListener implements EdgeListener, UdpEdgeHost {
  readonly kind = 'udp'
  readonly indexes: IndexTable
  readonly #runtime: UdpListenerRuntime
  readonly #clock: Clock
  readonly #log: Log
  readonly #nodes: PortNodes
  readonly #hellos: HelloResponder
  readonly #edges = new UdpEdgeTable()
  readonly #local: LocalDelivery
  readonly #typeHandlers = new Map<number, DatagramTypeHandler>()
  readonly #drops = new DropCounts()
  #socket!: DatagramSocket
  #own!: OwnEndpoints
  #isOpen = true
  #datagramsIn = 0
  #datagramsOut = 0
  #datagramsLocal = 0

  private constructor(runtime: UdpListenerRuntime, indexes: IndexTable) {
    this.indexes = indexes
    this.#runtime = runtime
    this.#clock = runtime.clock
    this.#log = runtime.log.child({ listener: 'udp' })
    this.#nodes = new PortNodes(indexes)
    this.#hellos = new HelloResponder(this.#nodes)
    this.#local = new LocalDelivery(runtime, (bytes, from) => this.handleDatagram(bytes, from))
  }

  /** Binds a socket; rejects with the system's error code, e.g. EADDRINUSE. */
  static async open(
    runtime: UdpListenerRuntime,
    { host, port, indexes }: UdpListenerOptions,
  ): Promise<UdpEdgeListener> {
    const table = indexes ?? new IndexTable({ random: runtime.random.fork('indexes') })
    const listener = new UdpEdgeListener(runtime, table)
    listener.#socket = await runtime.datagrams.bind(
      { host, port },
      {
        onDatagram: (bytes, from) => listener.handleDatagram(bytes, from),
        onError: (error) => listener.#log.write('warn', 'udp socket failed', { error }),
      },
    )
    listener.#own = new OwnEndpoints(runtime, { local: listener.#socket.local, kind: 'udp' })
    return listener
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** The address and port bound to. */
  get local(): Endpoint {
    return this.#socket.local
  }

  /** The port number bound to. */
  get localPort(): number {
    return this.#socket.local.port
  }

  localAddresses(): TransportAddress[] {
    return [...this.#own.offered()]
  }

  attach(receiver: DatagramReceiver, path?: string): Attachment {
    return this.#nodes.attach(receiver, path)
  }

  reaches(remote: TransportAddress): boolean {
    return this.#isOpen && remote.kind === 'udp' && remote.family === this.#own.family
  }

  probe(remote: TransportAddress, datagram: Uint8Array): boolean {
    return this.reaches(remote) && this.edgeFrom(remote.endpoint).send(datagram)
  }

  openSibling(): Promise<UdpEdgeListener> {
    const { host } = this.local
    const { datagrams } = this.#runtime
    const runtime = { ...this.#runtime, datagrams: datagrams.ordinary ?? datagrams }
    return UdpEdgeListener.open(runtime, { host, port: 0, indexes: this.indexes })
  }

  dial(remote: TransportAddress): UdpEdge | undefined {
    if (!this.reaches(remote)) return undefined
    const edge = this.edgeFrom(remote.endpoint)
    this.#edges.hold(edge, this.#clock.now())
    return edge
  }

  /** Returns the edge for what came from `endpoint`, which need not have been heard before. */
  edgeFrom(endpoint: Endpoint): UdpEdge {
    return this.#edges.get(endpoint) ?? this.#makeEdge(endpoint)
  }

  setTypeHandler(type: number, handler: DatagramTypeHandler): void {
    this.#typeHandlers.set(type, handler)
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#edges.clear()
    this.#local.clear()
    await this.#socket.close()
  }

  networkChanged(): void {
    this.#own.forget()
  }

  /** Counts traffic and drops. */
  stats(): UdpListenerStats {
    return {
      datagramsIn: this.#datagramsIn,
      datagramsOut: this.#datagramsOut,
      datagramsLocal: this.#datagramsLocal,
      edges: this.#edges.size,
      drops: this.#drops.snapshot(),
    }
  }

  /** Handles a datagram from the socket. `bytes` is borrowed until the call returns. */
  handleDatagram(bytes: Uint8Array, from: Endpoint): void {
    if (!this.#isOpen) return
    this.#datagramsIn++
    const receiver = this.#nodes.receiverOf(bytes)
    // An edge object is made only for a datagram that some node has use for, and kept only by `hold`.
    if (receiver) receiver.receive(bytes, this.edgeFrom(from))
    else this.#handleOther(bytes, from)
  }

  sendTo(datagram: Uint8Array, edge: UdpEdge): boolean {
    if (!this.#isOpen) return false
    this.#datagramsOut++
    if (edge.isLocal) {
      this.#datagramsLocal++
      if (this.#local.send(datagram, edge.endpoint)) return true
      this.#drops.count('local queue full')
      return false
    }
    this.#socket.send(datagram, edge.endpoint)
    return true
  }

  get canSendWhole(): boolean {
    return this.#isOpen && this.#socket.sendWhole !== undefined
  }

  sendWholeTo(datagram: Uint8Array, edge: UdpEdge): boolean {
    if (!this.#isOpen) return false
    this.#datagramsOut++
    return this.#socket.sendWhole?.(datagram, edge.endpoint) ?? false
  }

  holdEdge(edge: UdpEdge): void {
    if (this.#isOpen) this.#edges.hold(edge, this.#clock.now())
  }

  forgetEdge(edge: UdpEdge): void {
    this.#edges.forget(edge)
  }

  #handleOther(bytes: Uint8Array, from: Endpoint): void {
    const type = bytes[0]
    if (type === undefined) return this.#drops.count('empty')
    if (type === DATAGRAM_HELLO) return this.#answerHello(bytes, from)
    const handler = this.#typeHandlers.get(type)
    if (handler) handler(bytes, this.edgeFrom(from))
    else this.#drops.count('for nobody')
  }

  #answerHello(bytes: Uint8Array, from: Endpoint): void {
    const edge = this.edgeFrom(from)
    const reply = this.#hellos.answer(bytes, edge.remote, this.#clock.now())
    if (reply instanceof Malformed) this.#drops.count(reply.reason)
    else edge.send(reply)
  }

  #makeEdge(endpoint: Endpoint): UdpEdge {
    return new UdpEdge(this, { endpoint, isLocal: this.#own.includes(endpoint) })
  }
}

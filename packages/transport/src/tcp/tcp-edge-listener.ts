/** TCP: for networks that let no UDP through. One listening socket, one edge per stream. */
import { Malformed } from '@ipop/codec'
import type {
  Clock,
  NetworkInterfaces,
  Random,
  Stream,
  StreamHandlers,
  StreamListener,
  StreamPort,
  TimerHandle,
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
import { OwnEndpoints } from '../edge/own-endpoints.ts'
import { PortNodes } from '../edge/port-nodes.ts'
import { HelloResponder } from '../hello/hello-responder.ts'
import {
  TCP_CONNECT_TIMEOUT_MS,
  TCP_EDGES_MAX,
  TCP_UNPROVEN_MAX,
  TCP_UNPROVEN_MS,
} from '../limits.ts'
import { DropCounts } from '../stats/drop-counts.ts'
import { DATAGRAM_HELLO } from '../wire/frame-types.ts'
import { TcpEdge, type TcpEdgeHost } from './tcp-edge.ts'

/** The ports a TCP listener uses. */
export interface TcpListenerRuntime {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly streams: StreamPort
  readonly interfaces: NetworkInterfaces
}

/** Where a TCP listener binds. */
export interface TcpListenerOptions {
  /** An IP literal; `0.0.0.0` or `::` for every interface of the family. */
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  /** Receiver indices shared with other ports of the same nodes. */
  readonly indexes?: IndexTable
}

/** Traffic of one TCP port. */
export interface TcpListenerStats {
  readonly edges: number
  /** Accepted streams over which nothing was authenticated yet. */
  readonly unproven: number
  readonly drops: Readonly<Record<string, number>>
}

/** A TCP port. IPv4 and IPv6 are two listeners. */
export class TcpEdgeListener implements EdgeListener, TcpEdgeHost {
  readonly kind = 'tcp'
  readonly indexes: IndexTable
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #streams: StreamPort
  readonly #nodes: PortNodes
  readonly #hellos: HelloResponder
  readonly #edges = new Map<TcpEdge, TimerHandle | undefined>()
  readonly #typeHandlers = new Map<number, DatagramTypeHandler>()
  readonly #drops = new DropCounts()
  #socket!: StreamListener
  #own!: OwnEndpoints
  #isOpen = true
  #count = 0

  private constructor(runtime: TcpListenerRuntime, indexes: IndexTable) {
    this.indexes = indexes
    this.#clock = runtime.clock
    this.#timers = runtime.timers
    this.#streams = runtime.streams
    this.#nodes = new PortNodes(indexes)
    this.#hellos = new HelloResponder(this.#nodes)
  }

  /** Listens; rejects with the system's error code, e.g. EADDRINUSE. */
  static async open(
    runtime: TcpListenerRuntime,
    { host, port, indexes }: TcpListenerOptions,
  ): Promise<TcpEdgeListener> {
    const table = indexes ?? new IndexTable({ random: runtime.random.fork('indexes') })
    const listener = new TcpEdgeListener(runtime, table)
    listener.#socket = await runtime.streams.listen({ host, port }, (stream) =>
      listener.#accept(stream),
    )
    listener.#own = new OwnEndpoints(runtime, { local: listener.#socket.local, kind: 'tcp' })
    return listener
  }

  /** The port number listened on. */
  get localPort(): number {
    return this.#socket.local.port
  }

  localAddresses(): TransportAddress[] {
    return [...this.#own.offered()]
  }

  attach(receiver: DatagramReceiver, path?: string): Attachment {
    return this.#nodes.attach(receiver, path)
  }

  dial(remote: TransportAddress): Promise<TcpEdge | undefined> | undefined {
    if (!this.#isOpen || remote.kind !== 'tcp' || remote.family !== this.#own.family) {
      return undefined
    }
    if (this.#edges.size >= TCP_EDGES_MAX) {
      this.#drops.count('too many streams')
      return undefined
    }
    return this.#connect(remote.withoutPath())
  }

  setTypeHandler(type: number, handler: DatagramTypeHandler): void {
    this.#typeHandlers.set(type, handler)
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    for (const edge of [...this.#edges.keys()]) edge.close()
    await this.#socket.close()
  }

  /** A stream from an address that is gone would only be found dead after minutes. */
  networkChanged(): void {
    this.#own.forget()
    for (const edge of [...this.#edges.keys()]) {
      const host = edge.localHost
      if (host !== undefined && !this.#own.has(host)) edge.close()
    }
  }

  /** Counts edges and drops. */
  stats(): TcpListenerStats {
    return {
      edges: this.#edges.size,
      unproven: this.#countUnproven(),
      drops: this.#drops.snapshot(),
    }
  }

  received(datagram: Uint8Array, edge: TcpEdge): void {
    const receiver = this.#nodes.receiverOf(datagram)
    if (receiver) return receiver.receive(datagram, edge)
    const type = datagram[0] ?? 0
    if (type === DATAGRAM_HELLO) return this.#answerHello(datagram, edge)
    const handler = this.#typeHandlers.get(type)
    if (handler) handler(datagram, edge)
    else this.#drops.count('for nobody')
  }

  closed(edge: TcpEdge): void {
    this.#edges.get(edge)?.cancel()
    this.#edges.delete(edge)
  }

  async #connect(remote: TransportAddress): Promise<TcpEdge | undefined> {
    const edge = new TcpEdge(this, { id: this.#nextId(), dialled: remote })
    this.#edges.set(edge, undefined)
    try {
      const stream = await this.#streams.connect(remote.endpoint, edge, TCP_CONNECT_TIMEOUT_MS)
      edge.start(stream)
    } catch {
      this.#drops.count('not connected')
      edge.close()
      return undefined
    }
    if (this.#isOpen) return edge
    edge.close()
    return undefined
  }

  #accept(stream: Stream): StreamHandlers | undefined {
    if (!this.#isOpen) return undefined
    if (this.#edges.size >= TCP_EDGES_MAX || this.#countUnproven() >= TCP_UNPROVEN_MAX) {
      this.#drops.count('too many streams')
      return undefined
    }
    const edge = new TcpEdge(this, { id: this.#nextId(), from: stream.remote })
    edge.start(stream)
    const deadline = this.#clock.now() + TCP_UNPROVEN_MS
    const timer = this.#timers.at(deadline, 'unproven stream', () => edge.isProven || edge.close())
    this.#edges.set(edge, timer)
    return edge
  }

  #answerHello(datagram: Uint8Array, edge: TcpEdge): void {
    const observed = edge.observed()
    if (!observed) return
    const reply = this.#hellos.answer(datagram, observed, this.#clock.now())
    if (reply instanceof Malformed) this.#drops.count(reply.reason)
    else edge.send(reply)
  }

  #countUnproven(): number {
    let count = 0
    for (const edge of this.#edges.keys()) if (!edge.isProven) count++
    return count
  }

  #nextId(): string {
    return `tcp/${this.localPort}/${this.#count++}`
  }
}

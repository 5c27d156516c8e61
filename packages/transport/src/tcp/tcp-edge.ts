/** A TCP edge: one stream that carries datagrams. */
import type { Endpoint, Stream, StreamHandlers } from '@ipop/runtime'
import { TransportAddress } from '../address/transport-address.ts'
import type { Edge } from '../edge/edge.ts'
import { TCP_QUEUE_BYTES_MAX } from '../limits.ts'
import { encodeStreamDatagram, StreamDatagramReader } from '../wire/stream-framing.ts'

/** What an edge needs from its listener. */
export interface TcpEdgeHost {
  /** Handles a datagram that came over `edge`. */
  received(datagram: Uint8Array, edge: TcpEdge): void
  /** Forgets the edge. */
  closed(edge: TcpEdge): void
}

/** A stream, dialled or accepted. */
export class TcpEdge implements Edge, StreamHandlers {
  readonly kind = 'tcp'
  readonly id: string
  readonly sourceBytes: Uint8Array
  /** The address that was dialled; an accepted stream comes from a port nobody can dial. */
  readonly remote?: TransportAddress
  /** Whether something that came over it was authenticated. */
  isProven: boolean
  readonly #host: TcpEdgeHost
  readonly #reader = new StreamDatagramReader()
  #stream: Stream | undefined
  #isOpen = true

  constructor(
    host: TcpEdgeHost,
    options: { id: string; dialled?: TransportAddress; from?: Endpoint },
  ) {
    this.#host = host
    this.id = options.id
    const { dialled, from } = options
    this.isProven = dialled !== undefined
    if (dialled) this.remote = dialled
    this.sourceBytes = new TextEncoder().encode(
      from ? `${from.host}:${from.port}` : (dialled?.toString() ?? ''),
    )
  }

  get isOpen(): boolean {
    return this.#isOpen && this.#stream !== undefined
  }

  /** This end's address of the stream, once there is one. */
  get localHost(): string | undefined {
    // A scope is this machine's business; the system lists addresses without.
    return this.#stream?.local.host.split('%')[0] || undefined
  }

  /** Gives the edge its stream. */
  start(stream: Stream): void {
    this.#stream = stream
  }

  /** Where the stream comes from, as seen here. */
  observed(): TransportAddress | undefined {
    return this.#stream && TransportAddress.tcp(this.#stream.remote)
  }

  send(datagram: Uint8Array): boolean {
    if (!this.isOpen || !this.#stream) return false
    if (this.#stream.queuedBytes > TCP_QUEUE_BYTES_MAX) return false
    const bytes = encodeStreamDatagram(datagram)
    if (!bytes) return false
    this.#stream.write(bytes)
    return true
  }

  hold(): void {
    this.isProven = true
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#stream?.close()
    this.#host.closed(this)
  }

  onData(bytes: Uint8Array): void {
    if (!this.#isOpen) return
    const makesSense = this.#reader.read(bytes, (datagram) => this.#host.received(datagram, this))
    if (!makesSense) this.close()
  }

  onDrain(): void {
    // Datagrams that did not fit were dropped; there is nothing to resume.
  }

  onClose(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#host.closed(this)
  }
}

/** A UDP edge: nothing but a remote endpoint, seen from one socket. */
import type { Endpoint } from '@ipop/runtime'
import { TransportAddress } from '../address/transport-address.ts'
import type { Edge } from '../edge/edge.ts'

/** What an edge needs from the socket it belongs to. */
export interface UdpEdgeHost {
  readonly isOpen: boolean
  /** The address and port it is bound to. */
  readonly local: Endpoint
  /** Sends a datagram to the edge's endpoint. */
  sendTo(datagram: Uint8Array, edge: UdpEdge): boolean
  /** Whether datagrams can be sent that may not be cut. */
  readonly canSendWhole: boolean
  /** Sends one such datagram to the edge's endpoint. */
  sendWholeTo(datagram: Uint8Array, edge: UdpEdge): boolean
  /** Puts the edge into the socket's table. */
  holdEdge(edge: UdpEdge): void
  /** Takes the edge out of the socket's table. */
  forgetEdge(edge: UdpEdge): void
}

/**
 * An edge to one endpoint. It has no state of its own: closing it only forgets the object, and a later datagram from
 * the endpoint makes an equal one.
 */
export class UdpEdge implements Edge {
  readonly kind = 'udp'
  readonly id: string
  readonly remote: TransportAddress
  /** The endpoint in the words of the socket. */
  readonly endpoint: Endpoint
  /** Whether the endpoint is this very socket, so that datagrams need not leave the process. */
  readonly isLocal: boolean
  /** When a datagram was last sent or received, as far as the table noticed. */
  lastUsedAt = 0
  readonly #host: UdpEdgeHost

  constructor(host: UdpEdgeHost, { endpoint, isLocal }: { endpoint: Endpoint; isLocal: boolean }) {
    this.#host = host
    this.endpoint = endpoint
    this.isLocal = isLocal
    // The scope of a link-local address means something on this machine only.
    const [literal = endpoint.host] = endpoint.host.split('%')
    this.remote = TransportAddress.udp({ host: literal, port: endpoint.port })
    this.id = `udp/${host.local.port}/${this.remote.host}:${endpoint.port}`
  }

  /** The address and port that the socket is bound to. */
  get local(): Endpoint {
    return this.#host.local
  }

  get sourceBytes(): Uint8Array {
    return sourceBytes(this.remote)
  }

  get isOpen(): boolean {
    return this.#host.isOpen
  }

  send(datagram: Uint8Array): boolean {
    return this.#host.sendTo(datagram, this)
  }

  get canSendWhole(): boolean {
    return this.#host.canSendWhole && !this.isLocal
  }

  sendWhole(datagram: Uint8Array): boolean {
    return this.#host.sendWholeTo(datagram, this)
  }

  hold(): void {
    this.#host.holdEdge(this)
  }

  close(): void {
    this.#host.forgetEdge(this)
  }
}

/** Returns what a cookie is bound to: IP address and port. */
function sourceBytes(ta: TransportAddress): Uint8Array {
  const ip = ta.ipBytes ?? new Uint8Array(0)
  const bytes = new Uint8Array(ip.length + 2)
  bytes.set(ip)
  bytes[ip.length] = ta.port >> 8
  bytes[ip.length + 1] = ta.port & 0xff
  return bytes
}

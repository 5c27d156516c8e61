/** An edge through a third node, which forwards what it cannot read. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import type { Edge } from '../edge/edge.ts'
import { encodeRelayFrame } from '../wire/relay-frame.ts'

/** What an edge needs from the node it belongs to. */
export interface RelayEdgeHost {
  now(): Instant
  /** Returns the direct edge that carries frames to `relay` now. */
  directEdge(relay: Address): Edge | undefined
  /** Forgets the edge and tells the relay. */
  closed(edge: RelayEdge): void
}

/** Which channels an edge uses. */
export interface RelayEdgeOptions {
  readonly relay: Address
  readonly peer: Address
  /** What frames to this end carry. */
  readonly channel: number
  /** What frames to the relay carry. */
  readonly sendChannel: number
}

/** The way to `peer` by `relay`. It follows the relay's channel when that changes its edge. */
export class RelayEdge implements Edge {
  readonly kind = 'relay'
  readonly id: string
  readonly sourceBytes: Uint8Array
  readonly relay: Address
  /** Who is at the other end, as the relay says: only a session proves it. */
  readonly peer: Address
  /** What frames to this end carry. */
  readonly channel: number
  /** What frames to the relay carry. */
  sendChannel: number
  /** When a datagram last came through it: what is sent proves nothing, since a relay drops what it forgot in silence. */
  lastHeardAt: Instant
  /** The edge that frames of the relay last came over: it chooses among the paths to this end by itself. */
  heardOver: Edge | undefined
  readonly #host: RelayEdgeHost
  #isClosed = false

  constructor(host: RelayEdgeHost, { relay, peer, channel, sendChannel }: RelayEdgeOptions) {
    this.#host = host
    this.relay = relay
    this.peer = peer
    this.channel = channel
    this.sendChannel = sendChannel
    this.lastHeardAt = host.now()
    this.id = `relay/${channel}`
    this.sourceBytes = relay.bytes
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.#host.directEdge(this.relay) !== undefined
  }

  /** The edge to the relay that carries the frames now. */
  get carrier(): Edge | undefined {
    return this.#isClosed ? undefined : this.#host.directEdge(this.relay)
  }

  send(datagram: Uint8Array): boolean {
    const { carrier } = this
    return carrier?.send(encodeRelayFrame(this.sendChannel, datagram)) ?? false
  }

  get canSendWhole(): boolean {
    const { carrier } = this
    return carrier?.canSendWhole === true && carrier.isLocal !== true
  }

  sendWhole(datagram: Uint8Array): boolean {
    const frame = encodeRelayFrame(this.sendChannel, datagram, { isWhole: true })
    return this.carrier?.sendWhole?.(frame) ?? false
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#host.closed(this)
  }
}

/** An edge whose datagrams travel through the ring: the way to a peer that no direct path reaches yet. */
import type { Address } from '@ipop/address'
import type { Edge } from '@ipop/transport'
import type { PacketForwarder } from '../routing/packet-forwarder.ts'
import { PayloadKind } from '../wire/overlay-packet.ts'

/** Where a ring edge leads. */
export interface RingWay {
  readonly peer: Address
  /** The neighbour that datagrams are handed to; by default whoever is nearest to the peer. */
  readonly via?: Address | undefined
  /** Hops that a datagram by way of `via` may take. */
  readonly viaHops: number
}

/** The way to a peer around the direct connection with it. */
export class RingEdge implements Edge {
  readonly kind = 'ring'
  readonly id: string
  readonly sourceBytes: Uint8Array
  readonly #way: RingWay
  readonly #forwarder: PacketForwarder
  #isOpen = true

  constructor(way: RingWay, forwarder: PacketForwarder) {
    this.id = `ring:${way.peer.key}/${way.via?.key ?? ''}`
    this.sourceBytes = way.peer.bytes
    this.#way = way
    this.#forwarder = forwarder
  }

  /** Whether it was not given up. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Sends a datagram by way of a neighbour; returns false where there is none. */
  send(datagram: Uint8Array): boolean {
    if (!this.#isOpen) return false
    const { peer, via, viaHops } = this.#way
    return via
      ? this.#forwarder.sendVia(via, { destination: peer, hopLimit: viaHops }, datagram)
      : this.#forwarder.sendAround(peer, PayloadKind.sessionDatagram, datagram)
  }

  /** Gives the edge up. */
  close(): void {
    this.#isOpen = false
  }
}

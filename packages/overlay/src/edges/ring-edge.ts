/** An edge whose datagrams travel through the ring: the way to a peer that no direct path reaches yet. */
import type { Address } from '@ipop/address'
import type { Edge } from '@ipop/transport'
import type { PacketForwarder } from '../routing/packet-forwarder.ts'
import { PayloadKind } from '../wire/overlay-packet.ts'

/** The way to `peer` around the direct connection with it: by the neighbour `via`, or by whoever is nearest to it. */
export class RingEdge implements Edge {
  readonly kind = 'ring'
  readonly id: string
  readonly sourceBytes: Uint8Array
  readonly #peer: Address
  readonly #via: Address | undefined
  readonly #forwarder: PacketForwarder
  #isOpen = true

  constructor(peer: Address, via: Address | undefined, forwarder: PacketForwarder) {
    this.id = `ring:${peer.key}/${via?.key ?? ''}`
    this.sourceBytes = peer.bytes
    this.#peer = peer
    this.#via = via
    this.#forwarder = forwarder
  }

  /** Whether it was not given up. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Sends a datagram by way of a neighbour; returns false where there is none. */
  send(datagram: Uint8Array): boolean {
    if (!this.#isOpen) return false
    return this.#via
      ? this.#forwarder.sendVia(this.#via, this.#peer, datagram)
      : this.#forwarder.sendAround(this.#peer, PayloadKind.sessionDatagram, datagram)
  }

  /** Gives the edge up. */
  close(): void {
    this.#isOpen = false
  }
}

/** Relaying of one node: both roles, and which of them a frame or message is for. */
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import type { Edge } from '../edge/edge.ts'
import { DATAGRAM_DATA, DATAGRAM_INITIATION } from '../wire/frame-types.ts'
import { decodeRelayControl } from '../wire/relay-control.ts'
import { decodeRelayFrame } from '../wire/relay-frame.ts'
import { RelayClient, type RelayClientHost } from './relay-client.ts'
import type { RelayEdge } from './relay-edge.ts'
import type { RelayChannel } from './relay-host.ts'
import { type RelayOptions, RelayService } from './relay-service.ts'

/** What relaying needs from its channel table. */
export interface RelaysHost extends RelayClientHost {
  /** Handles a datagram of a session that came through a relay. Borrowed. */
  deliver(datagram: Uint8Array, edge: RelayEdge): void
}

/** The relay and the relayed of one node. */
export class Relays {
  /** Relays for others. */
  readonly service: RelayService
  /** Is relayed by others. */
  readonly client: RelayClient
  readonly #host: RelaysHost

  constructor(host: RelaysHost, options: RelayOptions = {}) {
    this.#host = host
    this.service = new RelayService(host, options)
    this.client = new RelayClient(host, options.plane)
  }

  /** Returns whether frames with `channel` are for this node. */
  ownsChannel(channel: number): boolean {
    return this.service.row(channel) !== undefined || this.client.edge(channel) !== undefined
  }

  /** Handles a relay frame that came over `edge`. Borrowed. */
  receive(bytes: Uint8Array, edge: Edge, now: Instant): void {
    const frame = decodeRelayFrame(bytes)
    if (frame instanceof Malformed) return this.#host.drop(frame.reason)
    const { channel, datagram } = frame
    const row = this.service.row(channel)
    if (row !== undefined) return this.service.forward(row, frame, edge, now)
    const type = datagram[0] ?? 0
    // Hellos are for ports; only what a session authenticates may come from somebody else's hands.
    if (type < DATAGRAM_INITIATION || type > DATAGRAM_DATA)
      return this.#host.drop('relay: no session')
    const end = this.client.receive(channel, edge, now)
    if (end === undefined) this.#host.drop('relay: stranger')
    else this.#host.deliver(datagram, end)
  }

  /** Handles a relay control frame of a peer. Borrowed. */
  receiveControl(from: RelayChannel, frame: Uint8Array, now: Instant): void {
    const message = decodeRelayControl(frame)
    if (message instanceof Malformed) return this.#host.drop(message.reason)
    switch (message.kind) {
      case 'open':
        return this.service.opening(from, message, now)
      case 'accept':
        return this.service.accepted(from, message, now)
      case 'offer':
        return this.client.offered(from, message)
      case 'opened':
        return this.client.opened(from, message)
      case 'refuse':
        this.client.refused(from, message)
        return this.service.refused(from, message)
      case 'close':
        // Channels are unique: it ends either a pair here or an edge.
        if (!this.service.closed(from, message)) this.client.closed(from, message)
    }
  }

  /** Notes that a channel changed its edge, came up or is gone. */
  channelMoved(channel: RelayChannel): void {
    this.service.channelMoved(channel, this.#host.now())
    this.client.channelMoved(channel)
  }

  /** Returns when `handleTimeout` wants to be called. */
  pollTimeout(): Instant {
    return Math.min(this.service.pollTimeout(), this.client.pollTimeout())
  }

  /** Does what is due. */
  handleTimeout(now: Instant): void {
    this.service.handleTimeout(now)
    this.client.handleTimeout(now)
  }
}

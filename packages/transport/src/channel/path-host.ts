/** What the paths of a channel ask of it, and the part that comes from its table. */
import type { Instant, LogFields } from '@ipop/runtime'
import type { TransportAddress } from '../address/transport-address.ts'
import type { Edge } from '../edge/edge.ts'
import type { Channel } from './channel.ts'
import { countSent } from './channel-counters.ts'
import type { ChannelHost } from './channel-host.ts'
import type { ReachHost } from './reach.ts'

/** What a path manager needs from its channel. */
export interface PathHost {
  /** Returns the status byte to tell. */
  localStatus(): number
  now(): Instant
  /** Records a branch taken on the way to the peer. */
  note(event: string, fields: LogFields): void
  /** Encrypts a frame, if there is a key. */
  seal(frame: Uint8Array): Uint8Array | undefined
  /** Makes edges to an endpoint, now or later. */
  dial(ta: TransportAddress, onEdge: (edge: Edge) => void): void
  /** How this node can be reached, for hole punching. */
  readonly reach: ReachHost
  /** Returns the endpoints that may be dialled when the peer offers them. */
  usable(endpoints: readonly TransportAddress[]): TransportAddress[]
  /** Sends a frame over the active path. */
  sendFrame(frame: Uint8Array): void
  /** Is told of a new edge. */
  edgeAdded(edge: Edge): void
  /** Is told that another path became active. */
  activePathChanged(): void
  /** Is told that the active path carries shorter or longer datagrams than was thought. */
  datagramBytesMaxChanged(): void
  /** Asks to be called at `at`. */
  wake(at: Instant): unknown
}

/** What the handshake told about the path it was completed on. */
export interface PathStart {
  /** Whether this end has to use the new key first, so that the other one may. */
  readonly asInitiator: boolean
  readonly rttMs?: number | undefined
}

/** What the paths of one channel need: an object with two fields, where closures would take more memory than the paths. */
export class ChannelSide implements PathHost {
  readonly #host: ChannelHost
  readonly #channel: Channel

  constructor(host: ChannelHost, channel: Channel) {
    this.#host = host
    this.#channel = channel
  }

  get reach(): ReachHost {
    return this.#host.reach
  }

  localStatus(): number {
    return this.#channel.localStatus
  }

  now(): Instant {
    return this.#host.now()
  }

  note(event: string, fields: LogFields): void {
    this.#host.log.write('debug', event, { peer: this.#channel.address.toString(), ...fields })
  }

  seal(frame: Uint8Array): Uint8Array | undefined {
    return sealCounted(this.#host, this.#channel, frame)
  }

  dial(ta: TransportAddress, onEdge: (edge: Edge) => void): void {
    this.#host.dial(ta, onEdge)
  }

  usable(endpoints: readonly TransportAddress[]): TransportAddress[] {
    return this.#host.reach.usable(this.#channel.address, endpoints)
  }

  sendFrame(frame: Uint8Array): void {
    this.#channel.send(frame)
  }

  edgeAdded(edge: Edge): void {
    const { initiation } = this.#channel
    if (initiation) edge.send(initiation)
  }

  activePathChanged(): void {
    this.#host.activeEdgeChanged(this.#channel)
    this.#host.handlers().onPathChange(this.#channel)
  }

  datagramBytesMaxChanged(): void {
    this.#host.activeEdgeChanged(this.#channel)
  }

  wake(at: Instant): unknown {
    return this.#channel.wake(at)
  }
}

/** Encrypts a frame of the paths themselves and counts it; undefined without a key. */
export function sealCounted(
  host: ChannelHost,
  channel: Channel,
  frame: Uint8Array,
): Uint8Array | undefined {
  const datagram = channel.session.seal(frame, host.now())
  if (datagram) countSent(channel.counters, frame)
  host.sealed()
  return datagram
}

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

/** Returns what the paths of `channel` need from the table. */
export function tableSide(
  host: ChannelHost,
  channel: Channel,
): Omit<PathHost, 'localStatus' | 'seal' | 'sendFrame' | 'edgeAdded'> {
  return {
    now: () => host.now(),
    note: (event, fields) =>
      host.log.write('debug', event, { peer: channel.address.toString(), ...fields }),
    dial: (ta, onEdge) => host.dial(ta, onEdge),
    wake: (at) => host.wake(at),
    reach: host.reach,
    usable: (endpoints) => host.reach.usable(channel.address, endpoints),
    activePathChanged: () => {
      host.activeEdgeChanged(channel)
      host.handlers().onPathChange(channel)
    },
    datagramBytesMaxChanged: () => host.activeEdgeChanged(channel),
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

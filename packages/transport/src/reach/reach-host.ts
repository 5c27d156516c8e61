/** What reach checks need from the channels of a node. */
import type { Clock, Random, Timers } from '@ipop/runtime'
import type { TransportAddress } from '../address/transport-address.ts'
import type { Channel } from '../channel/channel.ts'
import type { Edge } from '../edge/edge.ts'

/** The node that asks, or helps. */
export interface ReachChecksHost {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Lists the channels. */
  channels(): Iterable<Channel>
  /** Encrypts a frame for the peer of a channel, if there is a key. */
  seal(channel: Channel, frame: Uint8Array): Uint8Array | undefined
  /** Returns the endpoints that may be sent to when the peer of a channel names them. */
  usable(from: Channel, endpoints: readonly TransportAddress[]): TransportAddress[]
  /** Sends one datagram from a port of this node. */
  probe(to: TransportAddress, datagram: Uint8Array): void
  /** Sends one datagram from a port that nobody has heard of. */
  probeFromNewPort(to: TransportAddress, datagram: Uint8Array): void
  /** Counts a drop. */
  drop(reason: string): void
}

/** A UDP path over which a peer was heard. */
export type HeardEdge = Edge & { readonly remote: TransportAddress }

/** Returns a direct UDP path of a family over which the peer was heard, the active one first. */
export function heardOver(channel: Channel, family: 4 | 6): HeardEdge | undefined {
  if (channel.state !== 'up') return undefined
  const { paths } = channel.ways
  const all = paths.active === undefined ? [] : [paths.active]
  for (const { edge, state } of [...all, ...paths.values()]) {
    const isHeard = state !== 'candidate' && edge.kind === 'udp' && edge.isOpen && !edge.isLocal
    if (isHeard && edge.remote?.family === family) return edge as HeardEdge
  }
  return undefined
}

/** What a channel asks of the table it belongs to. */
import type { Address } from '@ipop/address'
import type { Instant, Log, Random } from '@ipop/runtime'
import type { Session } from '@ipop/security'
import type { TransportAddress } from '../address/transport-address.ts'
import type { Edge } from '../edge/edge.ts'
import type { Channel } from './channel.ts'
import type { ReachHost } from './reach.ts'
import type { ChannelHandlers } from './types.ts'

/** What a channel begins with. */
export interface ChannelOptions {
  readonly address: Address
  readonly session: Session<Edge>
  /** Whether this end dialled. */
  readonly isInitiator: boolean
}

/** What a channel needs from its table. */
export interface ChannelHost {
  readonly random: Random
  readonly log: Log
  readonly address: Address
  now(): Instant
  /** The status byte that a new channel begins with. */
  status(): number
  /** Sends what sealing may have caused, such as a rekey. */
  sealed(): void
  /** Asks for `handleTimeout` at `at`. */
  wake(at: Instant): unknown
  /** Makes edges to an endpoint, now or later. */
  dial(ta: TransportAddress, onEdge: (edge: Edge) => void): void
  /** Is told where the peer sees this node over a UDP edge. */
  observed(channel: Channel, observed: TransportAddress, edge: Edge): void
  /** How this node can be reached, for hole punching. */
  readonly reach: ReachHost
  /** Is told that the channel's active edge is another one, or none. */
  activeEdgeChanged(channel: Channel): void
  /** Handles a relay control frame. Borrowed. */
  relayControl(from: Channel, frame: Uint8Array): void
  /** Handles a message of a reach check, which need not come over a path. Borrowed. */
  reachCheck(from: Channel, frame: Uint8Array, edge: Edge): void
  /** Counts a drop. */
  drop(reason: string): void
  /** Takes the channel out of the table and tells the owner. */
  down(channel: Channel, reason: 'closed' | 'closed by peer' | 'lost'): void
  /** The owner's handlers. */
  handlers(): ChannelHandlers
}

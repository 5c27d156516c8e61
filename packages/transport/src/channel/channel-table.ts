/** All channels of one node: drives its sessions over its listeners. */
import type { Address } from '@ipop/address'
import type { Identity } from '@ipop/security'
import type { HelloReply, PeerHint } from '../address/peer-hint.ts'
import type { TransportAddress } from '../address/transport-address.ts'
import type { Edge } from '../edge/edge.ts'
import type { Channel } from './channel.ts'
import type {
  ChannelHandlers,
  ChannelTableOptions,
  ChannelTableRuntime,
  ChannelTableStats,
} from './types.ts'

/** The channels of one node. */
export declare class ChannelTable {
  constructor(runtime: ChannelTableRuntime, options: ChannelTableOptions)
  readonly address: Address
  readonly identity: Identity
  /** Handlers, set once by the owner: `Object.assign(table.handlers, {...})` or `table.setHandlers({...})`. */
  readonly handlers: ChannelHandlers
  /** Replaces the handlers named in `handlers`. */
  setHandlers(handlers: Partial<ChannelHandlers>): void
  /** Decides whether endpoints on `host` (an IP literal) may be used or offered; all by default. */
  isAddressAllowed: (host: string) => boolean
  /** Returns the channel to a peer, dialling when there is none; merges new endpoints otherwise. */
  dial(hint: PeerHint): Channel
  /** Returns the channel to `address`, connecting or up. */
  channel(address: Address): Channel | undefined
  /** Lists all channels. */
  channels(): Iterable<Channel>
  /** Returns what others need to dial this node: local and reflexive addresses. */
  hintOf(): PeerHint
  /** Asks who is behind `ta`; resolves undefined after `timeoutMs` without a verified answer. */
  hello(ta: TransportAddress, timeoutMs?: number): Promise<HelloReply | undefined>
  /** Handles a datagram that came over an edge made above: ring or relay. */
  receive(datagram: Uint8Array, edge: Edge): void
  /** Counts channels, traffic and drops. */
  stats(): ChannelTableStats
  /** Tells all peers, then forgets everything. */
  close(): Promise<void>
}

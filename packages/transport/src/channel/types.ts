/** What a channel table needs from its owner and tells it. */
import type { Address } from '@ipop/address'
import type { Log, Clock, NameResolver, NetworkInterfaces, Random, Timers } from '@ipop/runtime'
import type { Identity, TransportCipherFactory } from '@ipop/security'
import type { TransportAddress } from '../address/transport-address.ts'
import type { Edge, EdgeListener } from '../edge/edge.ts'
import type { IndexTable } from '../edge/index-table.ts'
import type { RelayOptions } from '../relay/relay-service.ts'
import type { Channel } from './channel.ts'

/** The ports a channel table uses. */
export interface ChannelTableRuntime {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  readonly names: NameResolver
  readonly interfaces: NetworkInterfaces
}

/** Who the local node is and which ports it listens on. */
export interface ChannelTableOptions {
  readonly identity: Identity
  /** Strangers to the namespace get no answer to a handshake. */
  readonly namespace: string
  readonly listeners: readonly EdgeListener[]
  /** Receiver indices shared with other nodes; the first listener's by default. */
  readonly indexes?: IndexTable
  /** Names this node behind its ports. */
  readonly path?: string
  /** Returns where a gateway forwards to these listeners. */
  readonly mapped?: (() => readonly TransportAddress[]) | undefined
  /** Channels at most; CHANNELS_MAX by default. */
  readonly channelsMax?: number
  /** Seals and opens transport data elsewhere. */
  readonly ciphers?: TransportCipherFactory | undefined
  /** Capability numbers to offer in handshakes; the ciphers of this process by default. */
  readonly capabilities?: readonly number[] | undefined
  /** Age at which the initiator of a session key replaces it; WireGuard's 120 s by default. */
  readonly rekeyAfterMs?: number | undefined
  /** Is told where each peer's datagrams go. */
  readonly observer?: ChannelObserver | undefined
  /** Whether and how much this node relays for others. */
  readonly relay?: RelayOptions | undefined
}

/** Follows the paths of all channels, for a data plane that sends by itself. */
export interface ChannelObserver {
  /**
   * The datagrams of `peer` go over `edge` from now on, which carries `datagramBytesMax` bytes whole, as far as that is
   * known; undefined when the channel is gone.
   */
  activeEdgeChanged(peer: Address, edge: Edge | undefined, datagramBytesMax?: number): void
}

/** Frames of one channel that a data plane sealed and opened by itself. */
export type CarriedTraffic = Omit<ChannelCounters, 'dropsOut'>

/**
 * Life of a channel: connecting until the session has a confirmed key, then up, then down for good.
 * A later dial to the same peer makes a new channel.
 */
export type ChannelState = 'connecting' | 'up' | 'down'

/** Why a channel went down. */
export type ChannelDownReason =
  | 'closed'
  | 'closed by peer'
  | 'lost'
  | 'unreachable'
  | 'wrong identity'
  | 'replaced'
  | 'table full'

/** What the owner of a channel table is told. Every channel that was dialled or came up goes down exactly once. */
export interface ChannelHandlers {
  /** The peer is authenticated and a path works, both ways. */
  onUp(channel: Channel): void
  /** The channel ended. It was up before, or a dial failed. */
  onDown(channel: Channel, reason: ChannelDownReason): void
  /** A frame arrived that the table does not handle itself. `frame` is borrowed until the call returns. */
  onFrame(channel: Channel, frame: Uint8Array): void
  /** Another path became the active one. */
  onPathChange(channel: Channel): void
  /** Two probes in a row were missed; one more and the channel is lost. */
  onSuspect(channel: Channel): void
  /** The peer's status byte changed. */
  onStatus(channel: Channel): void
}

/** Traffic of one channel. */
export interface ChannelCounters {
  packetsIn: number
  packetsOut: number
  bytesIn: number
  bytesOut: number
  /** Frames that found no key or no path. */
  dropsOut: number
}

/** A snapshot of a channel table. */
export interface ChannelTableStats {
  readonly channels: number
  readonly up: number
  readonly packetsIn: number
  readonly packetsOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** Datagrams and frames dropped, by reason. */
  readonly drops: Readonly<Record<string, number>>
}

/** Handlers that ignore everything. */
export const noHandlers: ChannelHandlers = {
  onUp: () => undefined,
  onDown: () => undefined,
  onFrame: () => undefined,
  onPathChange: () => undefined,
  onSuspect: () => undefined,
  onStatus: () => undefined,
}

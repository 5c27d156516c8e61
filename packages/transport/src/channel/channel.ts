/** One peer: its session and the paths that carry it. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import type { NodeRecord } from '@ipop/security'
import type { PeerHint } from '../address/peer-hint.ts'
import type { Edge } from '../edge/edge.ts'
import type { ChannelCounters, ChannelState } from './types.ts'

/** A peer's session over all its paths, one of them active. Made by `ChannelTable`. */
export declare class Channel {
  /** The peer. */
  readonly address: Address
  /** The peer's verified record, once the handshake brought it. */
  get record(): NodeRecord | undefined
  /** What is known for dialling the peer again: its endpoints, working ones first. */
  get hint(): PeerHint
  get state(): ChannelState
  /** The path that carries frames now. */
  get activeEdge(): Edge | undefined
  /** Every path known, usable or not. */
  get edges(): Edge[]
  /** Smoothed round trip of the active path; undefined before the first measurement. */
  get rttMs(): number | undefined
  /** When an authenticated datagram last came. */
  get lastHeardAt(): Instant
  /** Whether probes are being missed. */
  get isSuspect(): boolean
  /** Whether this end dialled. */
  readonly isInitiator: boolean
  readonly counters: ChannelCounters
  /** The status byte told to the peer; setting it tells the peer within a second. */
  localStatus: number
  /** The peer's status byte. */
  get remoteStatus(): number
  /** After this much silence the peer is probed. */
  idleProbeMs: number
  /** For the owner's own use. */
  userData: unknown
  /** Adds a path to try. */
  addEdge(edge: Edge): void
  /** Sends a frame over the active path; returns false when it was dropped. `frame` is borrowed until the call returns. */
  send(frame: Uint8Array): boolean
  /** Pings the peer now. */
  probe(): void
  /** Tells the peer and forgets the channel; `onDown` is called with 'closed'. */
  close(): void
}

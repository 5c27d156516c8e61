/** What an overlay node is made from. */
import type { Identity } from '@ipop/security'
import type {
  ChannelTableOptions,
  EdgeListener,
  IndexTable,
  RelayOptions,
  TransportAddress,
} from '@ipop/transport'
import type { RememberedPeer } from '../topology/remembered.ts'

/** What lets a data plane seal, open and send for a node. */
export type DataPlaneOptions = Pick<ChannelTableOptions, 'ciphers' | 'capabilities' | 'observer'>

/** Options of an overlay node. */
export interface OverlayNodeOptions
  extends DataPlaneOptions, Pick<ChannelTableOptions, 'rekeyAfterMs'> {
  /** Who the node is; its address follows from it. */
  readonly identity: Identity
  /** Name of the overlay. Nodes of another namespace get no answer. */
  readonly namespace: string
  /** The ports to use; they stay open after `leave` because other nodes may share them. */
  readonly listeners: readonly EdgeListener[]
  /** Whether `meet` will be told of nodes nearby: the node waits for them before it takes itself for the first. */
  readonly isLookingAround?: boolean | undefined
  /** Where to find the ring. Empty for the first node. */
  readonly remoteTas: readonly TransportAddress[]
  /** Peers that worked before a restart: dialled when no bootstrap answers. */
  readonly remembered?: readonly RememberedPeer[]
  /** Receiver indices shared with other nodes of the same ports; the first listener's by default. */
  readonly indexes?: IndexTable
  /** Returns where a gateway forwards to the listeners. */
  readonly mapped?: ChannelTableOptions['mapped']
  /** Names this node behind its ports. */
  readonly path?: string
  /** Whether and how much this node relays for others. */
  readonly relay?: RelayOptions | undefined
}

/** Life of an overlay node. */
export type OverlayState = 'offline' | 'joining' | 'connected' | 'leaving'

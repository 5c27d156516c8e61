/** What a started process offers: its nodes, their status, and how to stop them. */
import type { Address } from '@ipop/address'
import type { IpMapper } from '@ipop/ip-mapping'
import type { Dht } from '@ipop/dht'
import type { OverlayNode } from '@ipop/overlay'
import type { statusOf } from '../management/control/control-routes.ts'

/** The status of one node. */
export type NodeStatus = ReturnType<typeof statusOf>

/** One node of the process. */
export interface RunningMember {
  readonly address: Address
  readonly overlay: OverlayNode
  readonly dht: Dht
  /** Returns what is shown of the node at a glance. */
  status(): NodeStatus
}

/** A process with one node on the ring. */
export interface RunningNode extends RunningMember {
  /** The virtual network, for a node that takes part in one. */
  readonly ipMapper?: IpMapper | undefined
  /** Every node of the process; the configured one is the last. */
  readonly members: readonly RunningMember[]
  /** Transport addresses listened on. */
  readonly transportAddresses: readonly string[]
  /** Path of the control socket, when it is open. */
  readonly controlPath?: string | undefined
  /** Port of the XML-RPC manager, when it is open. */
  readonly xmlRpcPort?: number | undefined
  /** Resolves when every node of the process has its place on the ring. */
  connected(): Promise<void>
  /** Leaves the ring and gives everything back; takes a few seconds at most. */
  stop(): Promise<void>
}

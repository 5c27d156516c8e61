/** Edges and edge listeners: the ways a session's ciphertext travels, and what makes them. */
import type { Address } from '@ipop/address'
import type { SessionPath } from '@ipop/security'
import type { TransportAddress } from '../address/transport-address.ts'
import type { IndexTable } from './index-table.ts'

/** How an edge carries datagrams, best first: direct UDP, direct TCP, through a relay, through the ring. */
export type EdgeKind = 'udp' | 'tcp' | 'relay' | 'ring'

/** One way to carry datagrams to one peer. Two edge objects with the same `id` are the same edge. */
export interface Edge extends SessionPath {
  readonly kind: EdgeKind
  /** The transport address of the other end, where the edge has one. */
  readonly remote?: TransportAddress
  /** The node that forwards, where one does. */
  readonly relay?: Address
  /** Whether datagrams can still be sent. */
  readonly isOpen: boolean
  /** Whether the other end is this very port, so that no path can be better. */
  readonly isLocal?: boolean
  /** Sends one datagram, best effort; returns false when it was dropped. `datagram` is borrowed until the call returns. */
  send(datagram: Uint8Array): boolean
  /** Whether datagrams can be sent that may not be cut into fragments on the way. */
  readonly canSendWhole?: boolean
  /** Sends one such datagram; returns false when it does not even fit the first link. Borrowed until the call returns. */
  sendWhole?(datagram: Uint8Array): boolean
  /** Keeps the edge for later datagrams; called once one that came over it was authenticated. */
  hold?(): void
  /** Gives the edge up. */
  close(): void
}

/** What a hello reply tells about one node behind a port. */
export interface HelloIdentity {
  /** The encoded node record. */
  readonly record: Uint8Array
  /** The status byte that it tells everybody. */
  readonly status: number
  /** Where the node can be reached, best first. */
  readonly endpoints: readonly TransportAddress[]
}

/** A node behind an edge listener, as the listener sees it. */
export interface DatagramReceiver {
  readonly address: Address
  /** Returns whether an unindexed datagram (handshake initiation, hello reply) is for this node. */
  claims(datagram: Uint8Array): boolean
  /** Returns whether the receiver index is one of this node's. */
  ownsIndex(index: number): boolean
  /** Handles a datagram. `datagram` is borrowed until the call returns. */
  receive(datagram: Uint8Array, edge: Edge): void
  /** Returns what an asker is told about this node. */
  helloIdentity(): HelloIdentity
}

/** The place of one node at a listener. */
export interface Attachment {
  /** The path that names the node at this port, when it has one. */
  readonly path?: string
  /** Takes the node off the listener. */
  detach(): void
}

/** Handles the datagrams of a type the listener does not know itself. `datagram` is borrowed. */
export type DatagramTypeHandler = (datagram: Uint8Array, edge: Edge) => void

/** Makes edges of one kind: accepts datagrams at a port and dials other ports. */
export interface EdgeListener {
  readonly kind: EdgeKind
  /** Receiver indices of the nodes attached here; nodes of one port share them. */
  readonly indexes: IndexTable
  /** Returns where this port can be reached: the bound address, or every interface address for a wildcard. */
  localAddresses(): TransportAddress[]
  /** Puts a node behind this port. */
  attach(receiver: DatagramReceiver, path?: string): Attachment
  /** Returns an edge to a literal address, or undefined when this listener cannot reach it. */
  dial(remote: TransportAddress): Edge | Promise<Edge | undefined> | undefined
  /** Whether `dial` can make edges to `remote`. */
  reaches?(remote: TransportAddress): boolean
  /** Sends one datagram without making an edge; returns false when this listener cannot reach `remote`. */
  probe?(remote: TransportAddress, datagram: Uint8Array): boolean
  /** Opens another port of the same kind that nobody knows of. */
  openSibling?(): Promise<EdgeListener>
  /** Gives datagrams that begin with `type` to `handler`: relay frames and the like. */
  setTypeHandler(type: number, handler: DatagramTypeHandler): void
  /** Is told that the machine's network changed: other addresses, perhaps other ways. */
  networkChanged?(): void
  /** Closes the port and every edge. */
  close(): Promise<void>
}

/** What this package needs from its surroundings, as small structural interfaces. */
import type { Address } from '@ipop/address'
import type { IpAddress } from './ip/ip-address.ts'
import type { Ipv4 } from './ip/ipv4-address.ts'

/** A value read from the DHT. */
export interface StoredValue {
  readonly value: Uint8Array
  /** Seconds since it was first stored. */
  readonly ageSeconds: number
  /** Seconds until it expires. */
  readonly ttlSeconds: number
  /** Node that signed it. */
  readonly owner: Address
}

/** The part of the DHT that is used here. */
export interface DhtService {
  /** Adds or renews a value; with `isReplacing` it takes the place of this node's other values of the key. */
  put(
    key: string,
    value: Uint8Array,
    ttlSeconds: number,
    options?: { isReplacing?: boolean },
  ): Promise<void>
  /** Stores or renews the only value of a key; rejects with code `DHT_ENTRY_EXISTS` when another node holds it. */
  create(key: string, value: Uint8Array, ttlSeconds: number): Promise<void>
  /** Returns the values of a key. */
  get(key: string): Promise<readonly StoredValue[]>
  /** Removes one's own value. */
  release(key: string, value?: Uint8Array): Promise<boolean>
}

/**
 * Finds a node by its place on the ring: the one among the nodes around `position` that `isWanted` accepts. Rejects when
 * nobody answers.
 */
export type NodeFinder = (
  position: Address,
  isWanted: (node: Address) => boolean,
) => Promise<Address | undefined>

/** The part of an overlay node that carries IP packets. */
export interface IpCarrier {
  /** Address of the own node. */
  readonly address: Address
  /** Sends a packet over the session with `peer`; returns false while there is none. `packet` is borrowed. */
  sendIp(peer: Address, packet: Uint8Array): boolean
  /** Returns the longest packet that reaches `peer` whole, where that is known. */
  packetBytesMax?(peer: Address): number | undefined
  /** Asks for a session with `peer`; does nothing when there is one. */
  connectOnDemand(peer: Address): void
  /** Finds the nodes of IPv6 addresses; without it only those are known that packets came from. */
  readonly findNode?: NodeFinder
  /** Sets who receives IP packets; `packet` is borrowed until the call returns. */
  onIpPacket(handler: (packet: Uint8Array, from: Address) => void): unknown
  /** Tells of sessions that can carry packets now. */
  onChannelUp?(listener: (peer: Address) => void): unknown
  /** Tells of peers that were lost. */
  onPeerDown?(listener: (peer: Address) => void): unknown
  /** Tells of peers that were asked for and cannot be reached. */
  onPeerUnreachable?(listener: (peer: Address) => void): unknown
  /** Tells that the ring around the node changed. */
  onNeighborsChanged?(listener: () => void): unknown
}

/** A virtual network interface. */
export interface VirtualDevice {
  readonly name: string
  /** Largest IP packet in bytes. */
  readonly mtu: number
  /** Whether it carries Ethernet frames instead of IP packets. */
  readonly isTap: boolean
  /** Writes packets; returns how many were accepted. The arrays are borrowed until the call returns. */
  write(packets: Uint8Array[]): number
  /** Sets who receives what the host sends; the arrays are borrowed until the call returns. */
  onPackets(handler: (packets: Uint8Array[]) => void): void
  /** Closes the interface. */
  close(): Promise<void>
}

/** Remembers the last address across restarts. */
export interface LeaseStore {
  /** Returns the address held last. */
  load(): Ipv4 | undefined
  /** Remembers an address. */
  save(ip: Ipv4): void
}

/** One row of the data plane: packets to `base/prefixLength` go to `peer`. */
export interface ForwardingRow {
  readonly base: IpAddress
  readonly prefixLength: number
  readonly peer: Address
  /** Source addresses that packets from `peer` may carry. */
  readonly allowedSources: readonly IpAddress[]
}

/** A packet that the data plane has no row for. */
export type PuntedPacket =
  | { readonly kind: 'outgoing'; readonly packet: Uint8Array }
  | { readonly kind: 'incoming'; readonly packet: Uint8Array; readonly from: Address }

/** The data plane's table: what is in it never enters JavaScript. */
export interface ForwardingTable {
  /** Adds or replaces the row of `row.base/row.prefixLength`. */
  install(row: ForwardingRow): void
  /** Removes a row. */
  withdraw(base: IpAddress, prefixLength: number): void
  /** Tells the addresses this node holds: destinations of incoming packets, sources of outgoing ones. */
  setOwn?(ips: readonly IpAddress[]): void
  /** Sets who receives packets without a row, in batches that are borrowed until the call returns. */
  onPunt(handler: (batch: readonly PuntedPacket[]) => void): void
  /** Returns how long a row has carried nothing; tables that do not count leave it out. */
  idleMs?(base: IpAddress, prefixLength: number): number
}

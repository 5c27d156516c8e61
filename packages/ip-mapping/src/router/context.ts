/** What both directions of the router share. */
import type { Instant, Log } from '@ipop/runtime'
import { LIMITED_BROADCAST, isMulticast, type Ipv4 } from '../ip/ipv4-address.ts'
import type { Ipv4Network } from '../ip/ipv4-network.ts'
import type { Ipv6 } from '../ip/ipv6-address.ts'
import type { Ipv6Network } from '../ip/ipv6-network.ts'
import type { AddressResolver } from '../resolver/address-resolver.ts'
import type { IpCarrier, VirtualDevice } from '../services.ts'
import type { Ipv4Packet } from '../wire/ipv4.ts'
import type { DropReason, RouterCounters } from './counters.ts'
import type { DeviceWriter } from './device-writer.ts'
import type { ForwardingRows } from './forwarding.ts'

/** Answers packets to the server address inside this node, e.g. the name server. */
export interface LocalService {
  /** Returns whether it took the packet; answers go to the device. `packet` is borrowed until the call returns. */
  handlePacket(packet: Ipv4Packet, now: Instant): boolean
}

/** Who this node is in the virtual network; changes when leases come and go. */
export interface OwnNetwork {
  readonly network: Ipv4Network
  readonly ip: Ipv4 | undefined
}

/** The part of the carrier that packets need. */
export type PacketCarrier = Pick<
  IpCarrier,
  'address' | 'packetBytesMax' | 'sendIp' | 'connectOnDemand'
>

/** The router's parts as its two directions see them. */
export interface RouterContext {
  readonly carrier: PacketCarrier
  readonly resolver: AddressResolver
  readonly writer: DeviceWriter
  readonly counters: RouterCounters
  readonly rows: ForwardingRows | undefined
  readonly log: Log
  /** Its MTU may change while it is open. */
  readonly device: Pick<VirtualDevice, 'mtu'>
  readonly isMulticastEnabled: boolean
  /** The present identity in the virtual network; undefined before the settings are known. */
  own: OwnNetwork | undefined
  readonly ipv6: Ipv6Network
  /** This node's IPv6 address; undefined where the host takes none. */
  ownIpv6: Ipv6 | undefined
}

/** Counts a dropped packet. */
export function drop(context: RouterContext, reason: DropReason): void {
  context.counters.dropped[reason] += 1
  if (context.log.isEnabled('trace')) context.log.write('trace', 'packet dropped', { reason })
}

/** Returns whether `ip` means several hosts: a group, the limited or the directed broadcast address. */
export function isGroup(ip: Ipv4, network: Ipv4Network): boolean {
  return isMulticast(ip) || ip === LIMITED_BROADCAST || ip === network.broadcast
}

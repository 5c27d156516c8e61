/** What an IpMapper is made of and how it is set up. */
import type { Clock, Log, Random, Timers } from '@ipop/runtime'
import type { DhcpConfigFields, SettingsParser } from '../lease/network-settings.ts'
import { MemberList } from '../resolver/member-list.ts'
import type { TurnScheduler } from '../router/device-writer.ts'
import type {
  DhtService,
  ForwardingTable,
  IpCarrier,
  LeaseStore,
  VirtualDevice,
} from '../services.ts'
import type { DnsQuery } from '../dns/name-server.ts'

/** What an IpMapper works with. */
export interface IpMapperModules {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  readonly dht: DhtService
  readonly carrier: IpCarrier
  readonly device: VirtualDevice
  /** Parses DHCPConfig texts that come from the DHT. */
  readonly parseSettings: SettingsParser
  /** Remembers the last address across restarts. */
  readonly store?: LeaseStore | undefined
  /** Data plane that wants rows and punts misses. */
  readonly forwarding?: ForwardingTable | undefined
  /** Asks another name server; without it only names of the virtual network are known. */
  readonly forwardDnsQuery?: DnsQuery | undefined
  /** When packets for the device are flushed; by default after the current callback. */
  readonly schedule?: TurnScheduler | undefined
}

/** How an IpMapper is set up. */
export interface IpMapperOptions {
  /** Name of the virtual network. */
  readonly namespace: string
  /** The network's settings from a file, which this node then publishes; without them they come from the DHT. */
  readonly settings?: { readonly fields: DhcpConfigFields; readonly text: string } | undefined
  /** The address to hold, in text form; without it a lease is taken. */
  readonly staticAddress?: string | undefined
  /** Name to register, with or without `.ipop`. */
  readonly hostname?: string | undefined
  /** Whether multicast and broadcast packets are copied to all members. */
  readonly isMulticastEnabled?: boolean | undefined
  /** How names of the virtual network are found. */
  readonly dns?: 'StaticDns' | 'DhtDns' | undefined
  /** Port of the DHCP server in TAP mode; the client's is one above. */
  readonly dhcpPort?: number | undefined
}

/** Makes the list of the multicast group, where groups are on. */
export function createMembers(
  { carrier }: IpMapperModules,
  { namespace, isMulticastEnabled }: IpMapperOptions,
): MemberList | undefined {
  if (isMulticastEnabled !== true) return undefined
  return new MemberList({ namespace, self: carrier.address })
}

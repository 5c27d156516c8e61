/** Leases, address resolution and the IP router. */
export { IpMapper, type AddressLossCause } from './mapper/ip-mapper.ts'
export type { IpMapperModules, IpMapperOptions } from './mapper/options.ts'
export type { IpMapperStatus, LeaseStatus, MappingStatus } from './mapper/status.ts'
export { IpMappingError, type IpMappingErrorCode } from './errors.ts'
export * from './keys.ts'
export * from './services.ts'
export * from './ip/ipv4-address.ts'
export * from './ip/ipv4-network.ts'
export * from './ip/ip-address.ts'
export * from './ip/ipv6-address.ts'
export { IPV6_PREFIX_LENGTH, Ipv6Network } from './ip/ipv6-network.ts'
export { Lease } from './lease/lease.ts'
export type { LeaseEvent, LeaseMode, LeaseOptions, LeaseState } from './lease/lease-state.ts'
export {
  readSettings,
  type DhcpConfigFields,
  type NetworkSettings,
  type SettingsParser,
} from './lease/network-settings.ts'
export {
  DhtMachineDriver,
  type DhtMachine,
  type DhtRequest,
  type DhtResult,
} from './lease/dht-machine.ts'
export {
  AddressResolver,
  type Resolution,
  type ResolverEvent,
} from './resolver/address-resolver.ts'
export { IpRouter, type IpRouterModules } from './router/ip-router.ts'
export type { LocalService, OwnNetwork, PacketCarrier } from './router/context.ts'
export type { DropReason, RouterCounters } from './router/counters.ts'
export type { TurnScheduler } from './router/device-writer.ts'
export type { DnsQuery } from './dns/name-server.ts'

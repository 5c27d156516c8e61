/** What an IpMapper shows of itself. */
import type { Instant } from '@ipop/runtime'
import { formatIp } from '../ip/ip-address.ts'
import { formatIpv4 } from '../ip/ipv4-address.ts'
import { heldOf, type LeaseState } from '../lease/lease-state.ts'
import type { AddressResolver } from '../resolver/address-resolver.ts'
import type { RouterCounters } from '../router/counters.ts'

/** A snapshot for display; times are seconds from now. */
export interface IpMapperStatus {
  readonly namespace: string
  /** The virtual network, e.g. `10.0.0.0/16`; undefined until its settings are known. */
  readonly network: string | undefined
  /** Virtual IP addresses that may be used now. */
  readonly virtualIps: readonly string[]
  /** Virtual IPv6 address; undefined where the host takes none. */
  readonly virtualIpv6: string | undefined
  /** Why no address can be held, when only the operator can change that. */
  readonly problem: string | undefined
  readonly lease: LeaseStatus | undefined
  readonly mappings: readonly MappingStatus[]
  readonly counters: Readonly<RouterCounters>
  /** Packets that wait for a lookup or a session. */
  readonly waitingPackets: number
  /** Rows in the data plane. */
  readonly rows: number
}

/** The state of a lease. */
export interface LeaseStatus {
  /** discovering, requesting, bound, renewing, rebinding or released. */
  readonly state: string
  readonly ip: string | undefined
  readonly expiresInSeconds: number | undefined
}

/** One known mapping. */
export interface MappingStatus {
  readonly ip: string
  /** Text form of the node address. */
  readonly address: string
  readonly expiresInSeconds: number
}

/** Returns what is shown of a lease. */
export function leaseStatus(state: LeaseState, now: Instant): LeaseStatus {
  const held = heldOf(state)
  return {
    state: state.kind,
    ip: held && formatIpv4(held.ip),
    expiresInSeconds: held && (held.expiresAt - now) / 1_000,
  }
}

/** Returns what is shown of the mappings. */
export function mappingStatus(resolver: AddressResolver, now: Instant): MappingStatus[] {
  return [...resolver.mappings(now)].map(({ ip, address, expiresAt }) => ({
    ip: formatIp(ip),
    address: address.toString(),
    expiresInSeconds: (expiresAt - now) / 1_000,
  }))
}

/** An IP address of either family. */
import { Malformed } from '@ipop/codec'
import { formatIpv4, parseIpv4, type Ipv4 } from './ipv4-address.ts'
import { formatIpv6, parseIpv6, type Ipv6 } from './ipv6-address.ts'

/** A number is IPv4, a bigint IPv6; both work as keys of a map. */
export type IpAddress = Ipv4 | Ipv6

/** Reads an address of either family. */
export function parseIp(text: string): IpAddress | Malformed {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** Writes the canonical text. */
export function formatIp(ip: IpAddress): string {
  return typeof ip === 'bigint' ? formatIpv6(ip) : formatIpv4(ip)
}

/** Returns the length of a prefix that contains only `ip`. */
export function hostPrefixLength(ip: IpAddress): 32 | 128 {
  return typeof ip === 'bigint' ? 128 : 32
}

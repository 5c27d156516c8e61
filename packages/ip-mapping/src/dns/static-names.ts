/** Names that are computed from addresses: `Cxxxyyyzzz.ipop`, and the names of reverse lookups. */
import { Malformed } from '@ipop/codec'
import { formatIpv4, parseIpv4, type Ipv4 } from '../ip/ipv4-address.ts'
import type { Ipv4Network } from '../ip/ipv4-network.ts'

/** Returns the address in the name `Cxxxyyyzzz.ipop` (any case) if it lies in the network. */
export function staticAddress(name: string, network: Ipv4Network): Ipv4 | undefined {
  const match = /^c([0-9]{3})([0-9]{3})([0-9]{3})\.ipop$/i.exec(name)
  if (match === null) return undefined
  const octets = match.slice(1).map(Number)
  if (octets.some((octet) => octet > 255)) return undefined
  const ip = parseIpv4([network.base >>> 24, ...octets].join('.'))
  return ip instanceof Malformed || !network.contains(ip) ? undefined : ip
}

/** Returns the name `Cxxxyyyzzz.ipop` of an address. */
export function staticName(ip: Ipv4): string {
  const octets = formatIpv4(ip).split('.').slice(1)
  return `C${octets.map((octet) => octet.padStart(3, '0')).join('')}.ipop`
}

/** Returns the address that a name under `in-addr.arpa` asks about (RFC 1035 §3.5). */
export function reverseAddress(name: string): Ipv4 | undefined {
  const match = /^([0-9.]+)\.in-addr\.arpa$/i.exec(name)
  if (match?.[1] === undefined) return undefined
  const ip = parseIpv4(match[1].split('.').reverse().join('.'))
  return ip instanceof Malformed ? undefined : ip
}

/** Returns whether a name belongs to the virtual network's own domain. */
export function isOwnDomain(name: string): boolean {
  return name === 'ipop' || name.endsWith('.ipop')
}

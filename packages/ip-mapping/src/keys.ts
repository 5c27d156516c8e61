/** The DHT keys this package uses, and the texts stored under them. */
import { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import { formatIpv4, parseIpv4, type Ipv4 } from './ip/ipv4-address.ts'

/** Returns the key of a namespace's network settings (DHCPConfig XML). */
export function settingsKey(namespace: string): string {
  return `dhcp:${namespace}`
}

/** Returns the key under which the holder of `ip` is stored. */
export function leaseKey(namespace: string, ip: Ipv4): string {
  return `dhcp:${namespace}:${formatIpv4(ip)}`
}

/** Returns the key of a host name; `name` is a host name with or without the suffix `.ipop`. */
export function hostKey(namespace: string, name: string): string {
  const lower = name.toLowerCase()
  return `${namespace}.${lower.endsWith('.ipop') ? lower : `${lower}.ipop`}`
}

/** Returns the key under which members of the multicast group register. */
export function multicastKey(namespace: string): string {
  return `${namespace}.multicast.ipop`
}

/** Returns the bytes stored for a node address. */
export function addressValue(address: Address): Uint8Array {
  return encoder.encode(address.toString())
}

/** Reads a stored node address. */
export function readAddressValue(value: Uint8Array): Address | Malformed {
  if (value.length > 64) return new Malformed('node address: too long')
  return Address.parse(decodeText(value))
}

/** Returns the bytes stored for an IP address. */
export function ipValue(ip: Ipv4): Uint8Array {
  return encoder.encode(formatIpv4(ip))
}

/** Reads a stored IP address. */
export function readIpValue(value: Uint8Array): Ipv4 | Malformed {
  if (value.length > 15) return new Malformed('ip value: too long')
  return parseIpv4(decodeText(value))
}

/** Decodes UTF-8; bytes that are none become replacement characters, which no reader accepts. */
export function decodeText(value: Uint8Array): string {
  return new TextDecoder('utf-8').decode(value)
}

/** Encodes UTF-8. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text)
}

const encoder = new TextEncoder()

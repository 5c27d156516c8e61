/** IPv4 addresses as unsigned 32-bit numbers: text form and the ranges with a special meaning. */
import { Malformed } from '@ipop/codec'

/** An IPv4 address as an unsigned 32-bit number in host order, e.g. 10.0.0.1 = 0x0a000001. */
export type Ipv4 = number

/** 255.255.255.255: every host on this link (RFC 919). */
export const LIMITED_BROADCAST: Ipv4 = 0xffffffff

/** 0.0.0.0: this host, before it has an address (RFC 1122 §3.2.1.3). */
export const UNSPECIFIED: Ipv4 = 0

/** Reads dotted decimal text: exactly four octets without leading zeros. */
export function parseIpv4(text: string): Ipv4 | Malformed {
  const octets = text.split('.', 5)
  if (octets.length !== 4) return new Malformed('ipv4 address: not four octets')
  let value = 0
  for (const octet of octets) {
    // Leading zeros are octal to some readers and decimal to others, so nobody gets to guess.
    if (!/^(0|[1-9][0-9]{0,2})$/.test(octet)) return new Malformed('ipv4 address: bad octet')
    const number = Number(octet)
    if (number > 255) return new Malformed('ipv4 address: octet above 255')
    value = value * 256 + number
  }
  return value
}

/** Writes dotted decimal text. */
export function formatIpv4(ip: Ipv4): string {
  return `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`
}

/** Returns whether `ip` names a group (RFC 5771: 224.0.0.0/4). */
export function isMulticast(ip: Ipv4): boolean {
  return ip >>> 28 === 0xe
}

/** Returns whether `ip` can be neither source nor destination of a packet that crosses a link (RFC 6890). */
export function isMartian(ip: Ipv4): boolean {
  const first = ip >>> 24
  return first === 0 || first === 127 || (first >= 240 && ip !== LIMITED_BROADCAST)
}

/** Reads four bytes at `offset` as an address; zeros where `bytes` is too short. */
export function readIpv4(bytes: Uint8Array, offset: number): Ipv4 {
  return (
    (((bytes[offset] ?? 0) << 24) |
      ((bytes[offset + 1] ?? 0) << 16) |
      ((bytes[offset + 2] ?? 0) << 8) |
      (bytes[offset + 3] ?? 0)) >>>
    0
  )
}

/** Writes `ip` as four bytes at `offset`. */
export function writeIpv4(bytes: Uint8Array, offset: number, ip: Ipv4): void {
  bytes[offset] = ip >>> 24
  bytes[offset + 1] = ip >>> 16
  bytes[offset + 2] = ip >>> 8
  bytes[offset + 3] = ip
}

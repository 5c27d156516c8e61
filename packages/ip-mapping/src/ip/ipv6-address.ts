/** IPv6 addresses as unsigned 128-bit numbers: text form and the ranges with a special meaning. */
import { Malformed } from '@ipop/codec'
import { formatIpv6 as textOf, parseIpv6 as bytesOf } from '@ipop/transport'

/** An IPv6 address as an unsigned 128-bit number, e.g. ::1 = 1n. A bigint, so that it is never taken for IPv4. */
export type Ipv6 = bigint

/** Length of an address in bytes. */
export const IPV6_BYTES = 16

/** Reads an address without a scope. */
export function parseIpv6(text: string): Ipv6 | Malformed {
  const bytes = bytesOf(text)
  return bytes === undefined ? new Malformed('ipv6 address: bad text') : readIpv6(bytes, 0)
}

/** Writes the canonical text (RFC 5952). */
export function formatIpv6(ip: Ipv6): string {
  const bytes = new Uint8Array(IPV6_BYTES)
  writeIpv6(bytes, 0, ip)
  return textOf(bytes)
}

/** Returns whether packets from or to `ip` stay on one link or have no single owner: RFC 4291 §2.7, §2.5.6, §2.5.2. */
export function isLinkScope(ip: Ipv6): boolean {
  const top = Number(ip >> 112n)
  return top >>> 8 === 0xff || (top & 0xffc0) === 0xfe80 || ip === 0n
}

/** Reads 16 bytes at `offset`, which must be there. */
export function readIpv6(bytes: Uint8Array, offset: number): Ipv6 {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, IPV6_BYTES)
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8)
}

/** Writes `ip` as 16 bytes at `offset`. */
export function writeIpv6(bytes: Uint8Array, offset: number, ip: Ipv6): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, IPV6_BYTES)
  view.setBigUint64(0, ip >> 64n)
  view.setBigUint64(8, BigInt.asUintN(64, ip))
}

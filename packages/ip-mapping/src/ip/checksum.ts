/** The Internet checksum (RFC 1071). */
import type { IpAddress } from './ip-address.ts'
import { IPV6_BYTES, writeIpv6 } from './ipv6-address.ts'

/** Adds the 16-bit words of `bytes` to `sum`; an odd last byte is the high half of a word. */
export function sumWords(bytes: Uint8Array, sum = 0): number {
  const even = bytes.length & ~1
  let total = sum
  for (let index = 0; index < even; index += 2) {
    total += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0)
  }
  if (even !== bytes.length) total += (bytes[even] ?? 0) << 8
  return total
}

/** Folds carries in and complements: the value that goes into the packet. */
export function finishChecksum(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000)
  return ~folded & 0xffff
}

/** Returns the checksum of `bytes`; 0 when `bytes` contains its own correct checksum. */
export function internetChecksum(bytes: Uint8Array): number {
  return finishChecksum(sumWords(bytes))
}

/** Sums the pseudo-header that TCP, UDP and ICMPv6 prepend (RFC 768, RFC 9293 §3.1, RFC 8200 §8.1). */
export function pseudoHeaderSum<Ip extends IpAddress>(
  source: Ip,
  destination: Ip,
  protocol: number,
  length: number,
): number {
  return sumOfAddress(source) + sumOfAddress(destination) + protocol + length
}

function sumOfAddress(ip: IpAddress): number {
  if (typeof ip === 'number') return (ip >>> 16) + (ip & 0xffff)
  const bytes = new Uint8Array(IPV6_BYTES)
  writeIpv6(bytes, 0, ip)
  return sumWords(bytes)
}

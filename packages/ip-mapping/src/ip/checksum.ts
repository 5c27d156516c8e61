/** The Internet checksum (RFC 1071). */
import type { Ipv4 } from './ipv4-address.ts'

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

/** Sums the pseudo-header that TCP and UDP prepend (RFC 768, RFC 9293 §3.1). */
export function pseudoHeaderSum(
  source: Ipv4,
  destination: Ipv4,
  protocol: number,
  length: number,
): number {
  return (
    (source >>> 16) +
    (source & 0xffff) +
    (destination >>> 16) +
    (destination & 0xffff) +
    protocol +
    length
  )
}

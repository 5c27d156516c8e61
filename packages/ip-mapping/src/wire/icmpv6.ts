/**
 * ICMPv6 errors (RFC 4443 §3.1, §3.2), big-endian; only written here.
 *   offset  size  field
 *        0     1  type: 1 destination unreachable, 2 packet too big
 *        1     1  code
 *        2     2  checksum, over the pseudo-header, too
 *        4     4  0, or the MTU for type 2
 *        8     n  the packet that caused it, as much as fits
 */
import { finishChecksum, pseudoHeaderSum, sumWords } from '../ip/checksum.ts'
import type { Ipv6 } from '../ip/ipv6-address.ts'
import { PROTOCOL_ICMPV6 } from './ipv6.ts'

const CHECKSUM = 2
const MTU = 4
const QUOTE = 8

/** Type and code of what this package reports. */
export const ICMPV6_ERROR = {
  noRoute: { type: 1, code: 0 },
  addressUnreachable: { type: 1, code: 3 },
  packetTooBig: { type: 2, code: 0 },
} as const

/** What is needed to build an error. */
export interface Icmpv6Error {
  readonly source: Ipv6
  readonly destination: Ipv6
  readonly kind: keyof typeof ICMPV6_ERROR
  /** Zero except for packets that are too big. */
  readonly mtu: number
  readonly quote: Uint8Array
}

/** Builds the body of an error between two addresses, which its checksum covers. */
export function encodeIcmpv6Error(error: Icmpv6Error): Uint8Array {
  const { source, destination, mtu, quote } = error
  const { type, code } = ICMPV6_ERROR[error.kind]
  const message = new Uint8Array(QUOTE + quote.length)
  message[0] = type
  message[1] = code
  new DataView(message.buffer).setUint32(MTU, mtu)
  message.set(quote, QUOTE)
  const pseudo = pseudoHeaderSum(source, destination, PROTOCOL_ICMPV6, message.length)
  const checksum = finishChecksum(sumWords(message, pseudo))
  message[CHECKSUM] = checksum >>> 8
  message[CHECKSUM + 1] = checksum
  return message
}

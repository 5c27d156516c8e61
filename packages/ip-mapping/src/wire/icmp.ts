/**
 * ICMP message (RFC 792), big-endian.
 *   offset  size  field
 *        0     1  type
 *        1     1  code
 *        2     2  checksum
 *        4     4  rest of header: zero, or unused and next-hop MTU (RFC 1191) for "fragmentation needed"
 *        8     n  errors: header of the packet that caused it and the first bytes of its payload
 */
import { Malformed } from '@ipop/codec'
import { internetChecksum } from '../ip/checksum.ts'
import { readIpv4, type Ipv4 } from '../ip/ipv4-address.ts'
import { IPV4_HEADER_BYTES, PROTOCOL_ICMP, type Ipv4Packet } from './ipv4.ts'

const CHECKSUM = 2
const NEXT_HOP_MTU = 6
const QUOTE = 8

/** Type of "destination unreachable". */
export const ICMP_UNREACHABLE = 3

/** Codes of "destination unreachable" that this package sends (RFC 792, RFC 1812 §5.2.7.1). */
export const UNREACHABLE_CODE = { network: 0, host: 1, fragmentationNeeded: 4 } as const

/** An ICMP message; for errors `quotedSource` and `quotedDestination` name the packet that caused it. */
export interface IcmpMessage {
  readonly type: number
  readonly code: number
  readonly nextHopMtu: number
  readonly quotedSource: Ipv4
  readonly quotedDestination: Ipv4
}

/** Reads the ICMP message in an unfragmented IPv4 packet. */
export function decodeIcmp(packet: Ipv4Packet): IcmpMessage | Malformed {
  const bytes = packet.payload
  if (packet.protocol !== PROTOCOL_ICMP) return new Malformed('icmp: other protocol')
  if (packet.moreFragments || packet.fragmentOffset > 0) return new Malformed('icmp: fragment')
  if (bytes.length < QUOTE) return new Malformed('icmp: shorter than a header')
  if (internetChecksum(bytes) !== 0) return new Malformed('icmp: bad checksum')
  const type = bytes[0] ?? 0
  if (type === ICMP_UNREACHABLE && bytes.length < QUOTE + IPV4_HEADER_BYTES) {
    return new Malformed('icmp: error without a quoted header')
  }
  return {
    type,
    code: bytes[1] ?? 0,
    nextHopMtu: ((bytes[NEXT_HOP_MTU] ?? 0) << 8) | (bytes[NEXT_HOP_MTU + 1] ?? 0),
    quotedSource: readIpv4(bytes, QUOTE + 12),
    quotedDestination: readIpv4(bytes, QUOTE + 16),
  }
}

/** Builds the body of a "destination unreachable" that quotes `quote`. */
export function encodeUnreachable(code: number, nextHopMtu: number, quote: Uint8Array): Uint8Array {
  const message = new Uint8Array(QUOTE + quote.length)
  message[0] = ICMP_UNREACHABLE
  message[1] = code
  message[NEXT_HOP_MTU] = nextHopMtu >>> 8
  message[NEXT_HOP_MTU + 1] = nextHopMtu
  message.set(quote, QUOTE)
  const checksum = internetChecksum(message)
  message[CHECKSUM] = checksum >>> 8
  message[CHECKSUM + 1] = checksum
  return message
}

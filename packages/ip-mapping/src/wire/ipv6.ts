/**
 * IPv6 header (RFC 8200 §3), big-endian. Read only: virtual addresses are IPv4, IPv6 packets are counted and dropped.
 *   offset  size  field
 *        0     4  version (6), traffic class, flow label
 *        4     2  payload length
 *        6     1  next header
 *        7     1  hop limit
 *        8    16  source
 *       24    16  destination
 */
import { Malformed } from '@ipop/codec'

const PAYLOAD_LENGTH = 4
const NEXT_HEADER = 6
const HOP_LIMIT = 7
const SOURCE = 8
const DESTINATION = 24

/** Length of the fixed header. */
export const IPV6_HEADER_BYTES = 40

/** What a received IPv6 header says; the byte fields are views into the packet. */
export interface Ipv6Packet {
  readonly nextHeader: number
  readonly hopLimit: number
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly payload: Uint8Array
}

/** Reads an IPv6 packet. Jumbograms (payload length 0 with a hop-by-hop option) read as empty. */
export function decodeIpv6(bytes: Uint8Array): Ipv6Packet | Malformed {
  if (bytes.length < IPV6_HEADER_BYTES) return new Malformed('ipv6: shorter than a header')
  if ((bytes[0] ?? 0) >>> 4 !== 6) return new Malformed('ipv6: version is not 6')
  const length = ((bytes[PAYLOAD_LENGTH] ?? 0) << 8) | (bytes[PAYLOAD_LENGTH + 1] ?? 0)
  const end = IPV6_HEADER_BYTES + length
  if (end > bytes.length) return new Malformed('ipv6: truncated')
  return {
    nextHeader: bytes[NEXT_HEADER] ?? 0,
    hopLimit: bytes[HOP_LIMIT] ?? 0,
    source: bytes.subarray(SOURCE, DESTINATION),
    destination: bytes.subarray(DESTINATION, IPV6_HEADER_BYTES),
    payload: bytes.subarray(IPV6_HEADER_BYTES, end),
  }
}

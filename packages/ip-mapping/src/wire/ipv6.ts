/**
 * IPv6 header (RFC 8200 §3), big-endian. Extension headers count as payload.
 *   offset  size  field
 *        0     4  version (6), traffic class, flow label
 *        4     2  payload length
 *        6     1  next header
 *        7     1  hop limit
 *        8    16  source
 *       24    16  destination
 */
import { Malformed } from '@ipop/codec'
import { readIpv6, writeIpv6, type Ipv6 } from '../ip/ipv6-address.ts'

const PAYLOAD_LENGTH = 4
const NEXT_HEADER = 6
const HOP_LIMIT = 7
const SOURCE = 8
const DESTINATION = 24

/** Length of the fixed header. */
export const IPV6_HEADER_BYTES = 40

/** Next header of ICMPv6. */
export const PROTOCOL_ICMPV6 = 58

/** What a received IPv6 header says; `payload` is a view into the packet. */
export interface Ipv6Packet {
  readonly totalLength: number
  readonly nextHeader: number
  readonly hopLimit: number
  readonly source: Ipv6
  readonly destination: Ipv6
  readonly payload: Uint8Array
}

/** Reads an IPv6 packet; bytes behind it are padding. Jumbograms (payload length 0 and an option) read as empty. */
export function decodeIpv6(bytes: Uint8Array): Ipv6Packet | Malformed {
  if (bytes.length < IPV6_HEADER_BYTES) return new Malformed('ipv6: shorter than a header')
  if ((bytes[0] ?? 0) >>> 4 !== 6) return new Malformed('ipv6: version is not 6')
  const length = ((bytes[PAYLOAD_LENGTH] ?? 0) << 8) | (bytes[PAYLOAD_LENGTH + 1] ?? 0)
  const totalLength = IPV6_HEADER_BYTES + length
  if (totalLength > bytes.length) return new Malformed('ipv6: truncated')
  return {
    totalLength,
    nextHeader: bytes[NEXT_HEADER] ?? 0,
    hopLimit: bytes[HOP_LIMIT] ?? 0,
    source: readIpv6(bytes, SOURCE),
    destination: readIpv6(bytes, DESTINATION),
    payload: bytes.subarray(IPV6_HEADER_BYTES, totalLength),
  }
}

/** What is needed to build an IPv6 packet without extension headers. */
export interface Ipv6Fields {
  readonly source: Ipv6
  readonly destination: Ipv6
  readonly nextHeader: number
  readonly payload: Uint8Array
}

/** Builds an IPv6 packet. */
export function encodeIpv6(fields: Ipv6Fields): Uint8Array {
  const { source, destination, nextHeader, payload } = fields
  const packet = new Uint8Array(IPV6_HEADER_BYTES + payload.length)
  packet[0] = 0x60
  packet[PAYLOAD_LENGTH] = payload.length >>> 8
  packet[PAYLOAD_LENGTH + 1] = payload.length
  packet[NEXT_HEADER] = nextHeader
  packet[HOP_LIMIT] = 64
  writeIpv6(packet, SOURCE, source)
  writeIpv6(packet, DESTINATION, destination)
  packet.set(payload, IPV6_HEADER_BYTES)
  return packet
}

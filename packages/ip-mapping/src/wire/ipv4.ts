/**
 * IPv4 header (RFC 791), big-endian.
 *   offset  size  field
 *        0     1  version (4) and header length in 32-bit words
 *        1     1  type of service
 *        2     2  total length
 *        4     2  identification
 *        6     2  flags (3 bits) and fragment offset in 8-byte units
 *        8     1  time to live
 *        9     1  protocol
 *       10     2  header checksum
 *       12     4  source
 *       16     4  destination
 *       20     n  options
 */
import { Malformed } from '@ipop/codec'
import { internetChecksum } from '../ip/checksum.ts'
import { readIpv4, writeIpv4, type Ipv4 } from '../ip/ipv4-address.ts'

const TOTAL_LENGTH = 2
const IDENTIFICATION = 4
const FRAGMENT = 6
const TTL = 8
const PROTOCOL = 9
const CHECKSUM = 10
const SOURCE = 12
const DESTINATION = 16

/** Length of a header without options. */
export const IPV4_HEADER_BYTES = 20

/** Protocol numbers this package looks at. */
export const PROTOCOL_ICMP = 1
/** Protocol number of TCP. */
export const PROTOCOL_TCP = 6
/** Protocol number of UDP. */
export const PROTOCOL_UDP = 17

/** What a received IPv4 packet says; `payload` is a view into the packet. */
export interface Ipv4Packet {
  readonly headerLength: number
  readonly totalLength: number
  readonly identification: number
  readonly dontFragment: boolean
  readonly moreFragments: boolean
  /** In bytes. */
  readonly fragmentOffset: number
  readonly ttl: number
  readonly protocol: number
  readonly source: Ipv4
  readonly destination: Ipv4
  readonly payload: Uint8Array
}

/** Reads and validates an IPv4 packet: version, lengths and header checksum. Bytes after the total length are padding. */
export function decodeIpv4(bytes: Uint8Array): Ipv4Packet | Malformed {
  if (bytes.length < IPV4_HEADER_BYTES) return new Malformed('ipv4: shorter than a header')
  const first = bytes[0] ?? 0
  if (first >>> 4 !== 4) return new Malformed('ipv4: version is not 4')
  const headerLength = (first & 15) * 4
  const totalLength = u16(bytes, TOTAL_LENGTH)
  if (headerLength < IPV4_HEADER_BYTES) return new Malformed('ipv4: header length below 20')
  if (totalLength < headerLength) return new Malformed('ipv4: total length below header length')
  if (totalLength > bytes.length) return new Malformed('ipv4: truncated')
  if (internetChecksum(bytes.subarray(0, headerLength)) !== 0) {
    return new Malformed('ipv4: bad header checksum')
  }
  const fragment = u16(bytes, FRAGMENT)
  return {
    headerLength,
    totalLength,
    identification: u16(bytes, IDENTIFICATION),
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    ttl: bytes[TTL] ?? 0,
    protocol: bytes[PROTOCOL] ?? 0,
    source: readIpv4(bytes, SOURCE),
    destination: readIpv4(bytes, DESTINATION),
    payload: bytes.subarray(headerLength, totalLength),
  }
}

/** What is needed to build an IPv4 packet without options. */
export interface Ipv4Fields {
  readonly source: Ipv4
  readonly destination: Ipv4
  readonly protocol: number
  readonly payload: Uint8Array
  readonly ttl?: number
  readonly tos?: number
  readonly identification?: number
  readonly dontFragment?: boolean
}

/** Builds an IPv4 packet with a correct header checksum. */
export function encodeIpv4(fields: Ipv4Fields): Uint8Array {
  const packet = new Uint8Array(IPV4_HEADER_BYTES + fields.payload.length)
  packet[0] = 0x45
  packet[1] = fields.tos ?? 0
  setU16(packet, TOTAL_LENGTH, packet.length)
  setU16(packet, IDENTIFICATION, fields.identification ?? 0)
  setU16(packet, FRAGMENT, fields.dontFragment === true ? 0x4000 : 0)
  packet[TTL] = fields.ttl ?? 64
  packet[PROTOCOL] = fields.protocol
  writeIpv4(packet, SOURCE, fields.source)
  writeIpv4(packet, DESTINATION, fields.destination)
  setU16(packet, CHECKSUM, internetChecksum(packet.subarray(0, IPV4_HEADER_BYTES)))
  packet.set(fields.payload, IPV4_HEADER_BYTES)
  return packet
}

/** Returns the IP version a packet claims; 0 for an empty one. */
export function ipVersion(bytes: Uint8Array): number {
  return (bytes[0] ?? 0) >>> 4
}

function u16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0)
}

function setU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8
  bytes[offset + 1] = value
}

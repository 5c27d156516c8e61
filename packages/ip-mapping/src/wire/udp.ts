/**
 * UDP datagram (RFC 768), big-endian.
 *   offset  size  field
 *        0     2  source port
 *        2     2  destination port
 *        4     2  length, header included
 *        6     2  checksum; 0 = none
 *        8     n  data
 */
import { Malformed } from '@ipop/codec'
import { finishChecksum, pseudoHeaderSum, sumWords } from '../ip/checksum.ts'
import type { Ipv4 } from '../ip/ipv4-address.ts'
import { encodeIpv4, PROTOCOL_UDP, type Ipv4Packet } from './ipv4.ts'

const LENGTH = 4
const CHECKSUM = 6

/** Length of a UDP header. */
export const UDP_HEADER_BYTES = 8

/** A received datagram; `data` is a view into the packet. */
export interface UdpDatagram {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly data: Uint8Array
}

/** Reads the UDP datagram in an unfragmented IPv4 packet and verifies its checksum when it has one. */
export function decodeUdp(packet: Ipv4Packet): UdpDatagram | Malformed {
  const bytes = packet.payload
  if (packet.protocol !== PROTOCOL_UDP) return new Malformed('udp: other protocol')
  if (packet.moreFragments || packet.fragmentOffset > 0) return new Malformed('udp: fragment')
  if (bytes.length < UDP_HEADER_BYTES) return new Malformed('udp: shorter than a header')
  const length = u16(bytes, LENGTH)
  if (length < UDP_HEADER_BYTES || length > bytes.length) return new Malformed('udp: bad length')
  const datagram = bytes.subarray(0, length)
  if (u16(bytes, CHECKSUM) !== 0) {
    const pseudo = pseudoHeaderSum(packet.source, packet.destination, PROTOCOL_UDP, length)
    if (finishChecksum(sumWords(datagram, pseudo)) !== 0) return new Malformed('udp: bad checksum')
  }
  return {
    sourcePort: u16(bytes, 0),
    destinationPort: u16(bytes, 2),
    data: datagram.subarray(UDP_HEADER_BYTES),
  }
}

/** What is needed to build an IPv4 packet with a UDP datagram. */
export interface UdpFields {
  readonly source: Ipv4
  readonly sourcePort: number
  readonly destination: Ipv4
  readonly destinationPort: number
  readonly data: Uint8Array
}

/** Builds an IPv4 packet that carries one UDP datagram, checksums included. */
export function encodeUdp(fields: UdpFields): Uint8Array {
  const datagram = new Uint8Array(UDP_HEADER_BYTES + fields.data.length)
  setU16(datagram, 0, fields.sourcePort)
  setU16(datagram, 2, fields.destinationPort)
  setU16(datagram, LENGTH, datagram.length)
  datagram.set(fields.data, UDP_HEADER_BYTES)
  const { source, destination } = fields
  const pseudo = pseudoHeaderSum(source, destination, PROTOCOL_UDP, datagram.length)
  // RFC 768: a computed checksum of zero is sent as all ones, because zero means "none".
  setU16(datagram, CHECKSUM, finishChecksum(sumWords(datagram, pseudo)) || 0xffff)
  return encodeIpv4({ source, destination, protocol: PROTOCOL_UDP, payload: datagram })
}

function u16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0)
}

function setU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8
  bytes[offset + 1] = value
}

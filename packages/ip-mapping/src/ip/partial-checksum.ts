/**
 * Frames of type 0x06, which native data planes send each other: that byte, then an IP packet with TCP or UDP whose
 * checksum the receiver fills in. Rarely one comes to this code: when its session is not in the data plane.
 */
import { Malformed } from '@ipop/codec'
import { decodeIpv4, ipVersion, PROTOCOL_TCP, PROTOCOL_UDP } from '../wire/ipv4.ts'
import { decodeIpv6 } from '../wire/ipv6.ts'
import { finishChecksum, pseudoHeaderSum, sumWords } from './checksum.ts'
import type { IpAddress } from './ip-address.ts'

const FRAME_TYPE = 0x06

/** Where TCP (RFC 9293) and UDP (RFC 768) have their checksum. */
const CHECKSUM_OFFSET: Readonly<Record<number, number>> = { [PROTOCOL_TCP]: 16, [PROTOCOL_UDP]: 6 }

/** Returns whether `frame` is of type 0x06. */
export function isPartialFrame(frame: Uint8Array): boolean {
  return frame[0] === FRAME_TYPE
}

/** Returns a copy of the packet in `frame` with its checksum filled in. */
export function completePartialFrame(frame: Uint8Array): Uint8Array | Malformed {
  const bytes = frame.slice(1)
  const segment = ipVersion(bytes) === 6 ? segmentOfIpv6(bytes) : segmentOfIpv4(bytes)
  if (segment instanceof Malformed) return segment
  const { payload, protocol, source, destination } = segment
  const offset = CHECKSUM_OFFSET[protocol]
  if (offset === undefined || payload.length < offset + 2) {
    return new Malformed('partial checksum: no place for it')
  }
  payload.fill(0, offset, offset + 2)
  const pseudo = pseudoHeaderSum(source, destination, protocol, payload.length)
  // RFC 768: zero means "none", and all ones means the same number.
  const sum = finishChecksum(sumWords(payload, pseudo)) || 0xffff
  payload[offset] = sum >>> 8
  payload[offset + 1] = sum & 0xff
  return bytes
}

/** What the checksum covers; `payload` is a view. */
interface Segment {
  readonly source: IpAddress
  readonly destination: IpAddress
  readonly protocol: number
  readonly payload: Uint8Array
}

function segmentOfIpv4(bytes: Uint8Array): Segment | Malformed {
  const packet = decodeIpv4(bytes)
  if (packet instanceof Malformed) return packet
  const isFragment = packet.moreFragments || packet.fragmentOffset > 0
  return isFragment ? new Malformed('partial checksum: fragment') : packet
}

function segmentOfIpv6(bytes: Uint8Array): Segment | Malformed {
  const packet = decodeIpv6(bytes)
  return packet instanceof Malformed ? packet : { ...packet, protocol: packet.nextHeader }
}

/**
 * Frames of type 0x06, which native data planes send each other: that byte, then an IPv4 packet with TCP or UDP whose
 * checksum the receiver fills in. Rarely one comes to this code: when its session is not in the data plane.
 */
import { Malformed } from '@ipop/codec'
import { decodeIpv4, PROTOCOL_TCP, PROTOCOL_UDP } from '../wire/ipv4.ts'
import { finishChecksum, pseudoHeaderSum, sumWords } from './checksum.ts'

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
  const packet = decodeIpv4(bytes)
  if (packet instanceof Malformed) return packet
  const { payload, protocol, source, destination } = packet
  const offset = CHECKSUM_OFFSET[protocol]
  const isFragment = packet.moreFragments || packet.fragmentOffset > 0
  if (offset === undefined || isFragment || payload.length < offset + 2) {
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

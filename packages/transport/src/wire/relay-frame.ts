/**
 * Relay frame: a datagram on its way through a third node. See docs/wire/relay-frame.md.
 *   offset  size  field
 *        0     1  type 0x12, or 0x13 where nobody may cut it into fragments
 *        1     4  channel, little-endian, not 0: chosen by the receiver of the frame
 *        5     .  one datagram of another kind
 */
import { Malformed } from '@ipop/codec'
import { DATAGRAM_RELAY, DATAGRAM_RELAY_WHOLE } from './frame-types.ts'

const OFFSET = { channel: 1, datagram: 5 } as const

/** Bytes that a relay frame adds to the datagram in it. */
export const RELAY_FRAME_OVERHEAD = OFFSET.datagram

/** A frame as its receiver sees it. */
export interface RelayFrame {
  readonly channel: number
  /** Whether it may leave a relay only as it came, in one piece. */
  readonly isWhole: boolean
  /** A view of the frame. */
  readonly datagram: Uint8Array
}

/** Returns whether a datagram is a relay frame of either type. */
export function isRelayFrame(datagram: Uint8Array): boolean {
  return datagram[0] === DATAGRAM_RELAY || datagram[0] === DATAGRAM_RELAY_WHOLE
}

/** Returns the frame that carries `datagram` over `channel`. */
export function encodeRelayFrame(
  channel: number,
  datagram: Uint8Array,
  { isWhole = false } = {},
): Uint8Array {
  const frame = new Uint8Array(OFFSET.datagram + datagram.length)
  frame[0] = isWhole ? DATAGRAM_RELAY_WHOLE : DATAGRAM_RELAY
  new DataView(frame.buffer).setUint32(OFFSET.channel, channel, true)
  frame.set(datagram, OFFSET.datagram)
  return frame
}

/** Reads a frame. One within another is refused: a relay over a relay could be a loop. */
export function decodeRelayFrame(frame: Uint8Array): RelayFrame | Malformed {
  if (!isRelayFrame(frame)) return new Malformed('relay frame: another datagram')
  if (frame.length <= OFFSET.datagram) return new Malformed('relay frame: cut short')
  const datagram = frame.subarray(OFFSET.datagram)
  if (isRelayFrame(datagram)) return new Malformed('relay frame: within another')
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const channel = view.getUint32(OFFSET.channel, true)
  if (channel === 0) return new Malformed('relay frame: channel zero')
  return { channel, isWhole: frame[0] === DATAGRAM_RELAY_WHOLE, datagram }
}

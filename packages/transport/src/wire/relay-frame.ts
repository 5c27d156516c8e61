/**
 * Relay frame: a datagram on its way through a third node. See docs/wire/relay-frame.md.
 *   offset  size  field
 *        0     1  type 0x12
 *        1     4  channel, little-endian, not 0: chosen by the receiver of the frame
 *        5     .  one datagram of another kind
 */
import { Malformed } from '@ipop/codec'
import { DATAGRAM_RELAY } from './frame-types.ts'

const OFFSET = { channel: 1, datagram: 5 } as const

/** Bytes that a relay frame adds to the datagram in it. */
export const RELAY_FRAME_OVERHEAD = OFFSET.datagram

/** A frame as its receiver sees it. */
export interface RelayFrame {
  readonly channel: number
  /** A view of the frame. */
  readonly datagram: Uint8Array
}

/** Returns the frame that carries `datagram` over `channel`. */
export function encodeRelayFrame(channel: number, datagram: Uint8Array): Uint8Array {
  const frame = new Uint8Array(OFFSET.datagram + datagram.length)
  frame[0] = DATAGRAM_RELAY
  new DataView(frame.buffer).setUint32(OFFSET.channel, channel, true)
  frame.set(datagram, OFFSET.datagram)
  return frame
}

/** Reads a frame. One within another is refused: a relay over a relay could be a loop. */
export function decodeRelayFrame(frame: Uint8Array): RelayFrame | Malformed {
  if (frame[0] !== DATAGRAM_RELAY) return new Malformed('relay frame: another datagram')
  if (frame.length <= OFFSET.datagram) return new Malformed('relay frame: cut short')
  if (frame[OFFSET.datagram] === DATAGRAM_RELAY) return new Malformed('relay frame: within another')
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const channel = view.getUint32(OFFSET.channel, true)
  if (channel === 0) return new Malformed('relay frame: channel zero')
  return { channel, datagram: frame.subarray(OFFSET.datagram) }
}

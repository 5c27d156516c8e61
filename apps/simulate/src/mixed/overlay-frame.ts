/** Overlay packets as an observer reads them, apart from the product's own decoder (docs/wire/overlay-packet.md). */

const FRAME_TYPE = 0x03
const HEADER_BYTES = 45
const DIRECT_FRAME_TYPE = 0x09
const DIRECT_HEADER_BYTES = 2

/** Returns whether a frame is an overlay packet. */
export function isOverlayPacket(frame: Uint8Array): boolean {
  return frame[0] === FRAME_TYPE && frame.length >= HEADER_BYTES
}

/** Returns the payload of a frame that carries a call or a message, to its receiver or farther; undefined of others. */
export function callPayload(frame: Uint8Array): Uint8Array | undefined {
  if (isOverlayPacket(frame)) return frame.subarray(HEADER_BYTES)
  return frame[0] === DIRECT_FRAME_TYPE ? frame.subarray(DIRECT_HEADER_BYTES) : undefined
}

/** Routing modes by their number on the wire. */
export const MODE_BOTH_SECOND_LEG = 4

/** Returns the routing mode. */
export function packetMode(frame: Uint8Array): number {
  return frame[1] ?? 0
}

/** Returns the number of hops taken. */
export function packetHops(frame: Uint8Array): number {
  return frame[2] ?? 0
}

/** Returns the number of hops allowed. */
export function packetHopLimit(frame: Uint8Array): number {
  return frame[3] ?? 0
}

/** Returns the source address. */
export function packetSource(frame: Uint8Array): Uint8Array {
  return frame.subarray(4, 24)
}

/** Returns the destination address. */
export function packetDestination(frame: Uint8Array): Uint8Array {
  return frame.subarray(24, 44)
}

/** Returns what the packet carries: 4 is a session datagram, which may go around its destination. */
export function packetKind(frame: Uint8Array): number {
  return frame[frame[0] === DIRECT_FRAME_TYPE ? 1 : 44] ?? 0
}

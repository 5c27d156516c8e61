/**
 * Overlay packet: what one ring hop hands to the next, inside transport data. Big-endian.
 *   offset  size  field
 *        0     1  frame type 0x03
 *        1     1  routing mode: 1 greedy, 2 exact, 3 both neighbours, 4 second leg of 3
 *        2     1  hops taken
 *        3     1  hop limit
 *        4    20  source address
 *       24    20  destination address
 *       44     1  payload kind: 1 request, 2 reply, 3 application message, 4 session datagram
 *       45     -  payload
 * Direct packet: what ends at the connected peer that it is handed to, whose session tells who both ends are.
 *        0     1  frame type 0x09
 *        1     1  payload kind: 1 to 3 of the above
 *        2     -  payload
 */
import { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'

const OFFSET = {
  type: 0,
  mode: 1,
  hops: 2,
  hopLimit: 3,
  source: 4,
  destination: 24,
  kind: 44,
  payload: 45,
}

/** First byte of an overlay packet among the frames of transport data. */
export const OVERLAY_PACKET_FRAME = 0x03

/** Bytes before the payload. */
export const OVERLAY_HEADER_BYTES = OFFSET.payload

/** First byte of a direct packet. */
export const DIRECT_PACKET_FRAME = 0x09

const DIRECT_HEADER_BYTES = 2

/** How a packet finds its way: to the nearest node, to one precise node, or to both neighbours of an address. */
export const RoutingMode = { greedy: 1, exact: 2, both: 3, bothSecondLeg: 4 } as const
/** One of the routing modes. */
export type RoutingMode = (typeof RoutingMode)[keyof typeof RoutingMode]

/** What an overlay packet carries. */
export const PayloadKind = { request: 1, reply: 2, message: 3, sessionDatagram: 4 } as const
/** One of the payload kinds. */
export type PayloadKind = (typeof PayloadKind)[keyof typeof PayloadKind]

/** A decoded overlay packet; `payload` is a view of the bytes it was read from. */
export interface OverlayPacket {
  readonly mode: RoutingMode
  readonly hops: number
  readonly hopLimit: number
  readonly source: Address
  readonly destination: Address
  readonly kind: PayloadKind
  readonly payload: Uint8Array
}

/** Returns the bytes of `packet`, frame type first. */
export function encodeOverlayPacket(packet: OverlayPacket): Uint8Array {
  const bytes = new Uint8Array(OVERLAY_HEADER_BYTES + packet.payload.length)
  bytes[OFFSET.type] = OVERLAY_PACKET_FRAME
  bytes[OFFSET.mode] = packet.mode
  bytes[OFFSET.hops] = packet.hops
  bytes[OFFSET.hopLimit] = packet.hopLimit
  bytes.set(packet.source.bytes, OFFSET.source)
  bytes.set(packet.destination.bytes, OFFSET.destination)
  bytes[OFFSET.kind] = packet.kind
  bytes.set(packet.payload, OFFSET.payload)
  return bytes
}

/** Returns the packet in `frame`, or why it is none. */
export function decodeOverlayPacket(frame: Uint8Array): OverlayPacket | Malformed {
  if (frame.length < OVERLAY_HEADER_BYTES) return new Malformed('overlay packet: too short')
  const mode = frame[OFFSET.mode] ?? 0
  const kind = frame[OFFSET.kind] ?? 0
  if (frame[OFFSET.type] !== OVERLAY_PACKET_FRAME)
    return new Malformed('overlay packet: wrong type')
  if (mode < RoutingMode.greedy || mode > RoutingMode.bothSecondLeg)
    return new Malformed('overlay packet: unknown routing mode')
  if (kind < PayloadKind.request || kind > PayloadKind.sessionDatagram)
    return new Malformed('overlay packet: unknown payload kind')
  return {
    mode: mode as RoutingMode,
    hops: frame[OFFSET.hops] ?? 0,
    hopLimit: frame[OFFSET.hopLimit] ?? 0,
    source: Address.at(frame, OFFSET.source),
    destination: Address.at(frame, OFFSET.destination),
    kind: kind as PayloadKind,
    payload: frame.subarray(OFFSET.payload),
  }
}

/** Returns the bytes of a packet that ends at the peer it is handed to. */
export function encodeDirectPacket(kind: PayloadKind, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(DIRECT_HEADER_BYTES + payload.length)
  bytes[0] = DIRECT_PACKET_FRAME
  bytes[1] = kind
  bytes.set(payload, DIRECT_HEADER_BYTES)
  return bytes
}

/** Returns the packet in `frame`, which the peer `source` handed to the node `destination`, or why it is none. */
export function decodeDirectPacket(
  frame: Uint8Array,
  { source, destination }: Pick<OverlayPacket, 'source' | 'destination'>,
): OverlayPacket | Malformed {
  const kind = frame[1] ?? 0
  if (frame[0] !== DIRECT_PACKET_FRAME) return new Malformed('direct packet: wrong type')
  if (kind < PayloadKind.request || kind > PayloadKind.message)
    return new Malformed('direct packet: unknown payload kind')
  const payload = frame.subarray(DIRECT_HEADER_BYTES)
  const ends = { source, destination }
  return {
    mode: RoutingMode.exact,
    hops: 1,
    hopLimit: 1,
    ...ends,
    kind: kind as PayloadKind,
    payload,
  }
}

/** Returns whether a frame of this type is a packet of the overlay. */
export function isPacketFrame(type: number): boolean {
  return type === OVERLAY_PACKET_FRAME || type === DIRECT_PACKET_FRAME
}

/** Writes the number of hops taken into an encoded packet, for the next hop. */
export function setHopsTaken(frame: Uint8Array, hops: number): void {
  frame[OFFSET.hops] = hops
}

/** Writes the routing mode into an encoded packet. */
export function setRoutingMode(frame: Uint8Array, mode: RoutingMode): void {
  frame[OFFSET.mode] = mode
}

/**
 * Transport data: one encrypted frame. As WireGuard's; little-endian.
 *   offset  size  field
 *        0     1  type, 4
 *        1     3  zero
 *        4     4  receiver index
 *        8     8  counter
 *       16     n  ciphertext (n = 0: keepalive)
 *     16+n    16  tag
 */
import { AEAD_TAG_BYTES } from '../primitives/aead.ts'

/** First byte of transport data. */
export const TYPE_TRANSPORT_DATA = 4

/** Bytes before the ciphertext. */
export const DATA_HEADER_BYTES = 16

/** Bytes that transport data adds to a frame. */
export const DATA_OVERHEAD_BYTES = DATA_HEADER_BYTES + AEAD_TAG_BYTES

const OFFSET_RECEIVER = 4
const OFFSET_COUNTER = 8
const TWO_TO_32 = 0x1_0000_0000

/** Returns whether `bytes` have the shape of transport data. */
export function isTransportData(bytes: Uint8Array): boolean {
  return bytes.length >= DATA_OVERHEAD_BYTES && hasType(bytes, TYPE_TRANSPORT_DATA)
}

/** Returns whether `bytes` start with `type` and three zero bytes. */
export function hasType(bytes: Uint8Array, type: number): boolean {
  return bytes[0] === type && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0
}

/** Writes the header into the first 16 bytes of `out`. */
export function encodeDataHeader(out: Uint8Array, receiver: number, counter: number): void {
  out[0] = TYPE_TRANSPORT_DATA
  out[1] = out[2] = out[3] = 0
  writeU32(out, OFFSET_RECEIVER, receiver)
  writeU32(out, OFFSET_COUNTER, counter % TWO_TO_32)
  writeU32(out, OFFSET_COUNTER + 4, Math.floor(counter / TWO_TO_32))
}

/** Returns the receiver index of `bytes`, which must have the shape of transport data. */
export function dataReceiver(bytes: Uint8Array): number {
  return readU32(bytes, OFFSET_RECEIVER)
}

/** Returns the counter of `bytes`; from 2^53 on it is no longer exact, and such counters are refused. */
export function dataCounter(bytes: Uint8Array): number {
  return readU32(bytes, OFFSET_COUNTER + 4) * TWO_TO_32 + readU32(bytes, OFFSET_COUNTER)
}

/** Reads a little-endian number of 32 bits. */
export function readU32(bytes: Uint8Array, offset: number): number {
  const low = (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8)
  const high = (bytes[offset + 2] ?? 0) | ((bytes[offset + 3] ?? 0) << 8)
  return (low | (high << 16)) >>> 0
}

/** Writes a little-endian number of 32 bits. */
export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value & 0xff
  bytes[offset + 1] = (value >>> 8) & 0xff
  bytes[offset + 2] = (value >>> 16) & 0xff
  bytes[offset + 3] = (value >>> 24) & 0xff
}

/**
 * Handshake messages. As WireGuard's, but for the length of n; little-endian.
 *
 * Initiation (Noise message e, s, payload)      Response (Noise message e, payload)
 *   offset  size  field                           offset  size  field
 *        0     1  type, 1                              0     1  type, 2
 *        1     3  zero                                 1     3  zero
 *        4     4  sender index                         4     4  sender index
 *        8     n  Noise message (n >= 96)              8     4  receiver index
 *      8+n    16  mac1                                12     n  Noise message (n >= 48)
 *     24+n    16  mac2                              12+n    16  mac1
 *                                                   28+n    16  mac2
 * Cookie reply
 *        0     1  type, 3
 *        1     3  zero
 *        4     4  receiver index
 *        8    24  nonce
 *       32    32  encrypted cookie (16 bytes and a tag)
 */
import { hasType, readU32, writeU32 } from './transport-data.ts'

/** First byte of an initiation. */
export const TYPE_INITIATION = 1

/** First byte of a response. */
export const TYPE_RESPONSE = 2

/** First byte of a cookie reply. */
export const TYPE_COOKIE_REPLY = 3

/** Bytes in mac1 and in mac2. */
export const MAC_BYTES = 16

/** Bytes of an initiation around its payload (WireGuard's whole initiation has 148: 12 more). */
export const INITIATION_OVERHEAD_BYTES = 8 + 32 + 48 + 16 + 2 * MAC_BYTES

/** Bytes of a response around its payload. */
export const RESPONSE_OVERHEAD_BYTES = 12 + 32 + 16 + 2 * MAC_BYTES

/** Bytes of a cookie reply. */
export const COOKIE_REPLY_BYTES = 64

const INITIATION_HEADER_BYTES = 8
const RESPONSE_HEADER_BYTES = 12

/** A handshake message taken apart; fields are views of the datagram. */
export interface HandshakeMessage {
  readonly sender: number
  readonly receiver: number
  readonly noise: Uint8Array
}

/** A cookie reply taken apart. */
export interface CookieReply {
  readonly receiver: number
  readonly nonce: Uint8Array
  readonly sealed: Uint8Array
}

/** Returns whether `bytes` have the shape of an initiation. */
export function isInitiation(bytes: Uint8Array): boolean {
  return bytes.length >= INITIATION_OVERHEAD_BYTES && hasType(bytes, TYPE_INITIATION)
}

/** Returns whether `bytes` have the shape of a response. */
export function isResponse(bytes: Uint8Array): boolean {
  return bytes.length >= RESPONSE_OVERHEAD_BYTES && hasType(bytes, TYPE_RESPONSE)
}

/** Returns whether `bytes` have the shape of a cookie reply. */
export function isCookieReply(bytes: Uint8Array): boolean {
  return bytes.length === COOKIE_REPLY_BYTES && hasType(bytes, TYPE_COOKIE_REPLY)
}

/** Returns an initiation whose macs are still zero. */
export function encodeInitiation(sender: number, noise: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(INITIATION_HEADER_BYTES + noise.length + 2 * MAC_BYTES)
  bytes[0] = TYPE_INITIATION
  writeU32(bytes, 4, sender)
  bytes.set(noise, INITIATION_HEADER_BYTES)
  return bytes
}

/** Returns a response whose macs are still zero. */
export function encodeResponse(sender: number, receiver: number, noise: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(RESPONSE_HEADER_BYTES + noise.length + 2 * MAC_BYTES)
  bytes[0] = TYPE_RESPONSE
  writeU32(bytes, 4, sender)
  writeU32(bytes, 8, receiver)
  bytes.set(noise, RESPONSE_HEADER_BYTES)
  return bytes
}

/** Returns a cookie reply. */
export function encodeCookieReply(reply: CookieReply): Uint8Array {
  const bytes = new Uint8Array(COOKIE_REPLY_BYTES)
  bytes[0] = TYPE_COOKIE_REPLY
  writeU32(bytes, 4, reply.receiver)
  bytes.set(reply.nonce, 8)
  bytes.set(reply.sealed, 32)
  return bytes
}

/** Returns the parts of an initiation; `bytes` must have its shape. */
export function decodeInitiation(bytes: Uint8Array): HandshakeMessage {
  const noise = bytes.subarray(INITIATION_HEADER_BYTES, bytes.length - 2 * MAC_BYTES)
  return { sender: readU32(bytes, 4), receiver: 0, noise }
}

/** Returns the parts of a response; `bytes` must have its shape. */
export function decodeResponse(bytes: Uint8Array): HandshakeMessage {
  const noise = bytes.subarray(RESPONSE_HEADER_BYTES, bytes.length - 2 * MAC_BYTES)
  return { sender: readU32(bytes, 4), receiver: readU32(bytes, 8), noise }
}

/** Returns the parts of a cookie reply; `bytes` must have its shape. */
export function decodeCookieReply(bytes: Uint8Array): CookieReply {
  return { receiver: readU32(bytes, 4), nonce: bytes.subarray(8, 32), sealed: bytes.subarray(32) }
}

/** Returns the receiver index of a message of type 2, 3 or 4, undefined for anything else. */
export function receiverIndex(bytes: Uint8Array): number | undefined {
  if (bytes.length < 16) return undefined
  if (bytes[0] === TYPE_RESPONSE) return readU32(bytes, 8)
  return bytes[0] === TYPE_COOKIE_REPLY || bytes[0] === 4 ? readU32(bytes, 4) : undefined
}

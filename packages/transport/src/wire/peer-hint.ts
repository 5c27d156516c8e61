/**
 * Peer hint, big-endian. See docs/wire/peer-hint.md.
 *   offset  size  field
 *        0     1  version: 1
 *        1    20  ring address
 *       21    32  session key, X25519
 *       53     1  number of endpoints, at most 16
 *       54     .  endpoints, compact transport addresses
 */
import { Address } from '@ipop/address'
import { ByteReader, ByteWriter, DecodeCache, Malformed } from '@ipop/codec'
import type { PeerHint } from '../address/peer-hint.ts'
import type { TransportAddress } from '../address/transport-address.ts'
import { DECODED_HINTS_MAX, HINT_ENDPOINTS_MAX } from '../limits.ts'
import { readTransportAddress, writeTransportAddress } from './transport-address.ts'

const VERSION = 1
const ADDRESS_BYTES = 20
const SESSION_KEY_BYTES = 32
const ENDPOINTS_AT = 1 + ADDRESS_BYTES + SESSION_KEY_BYTES

/** Rings name the same peers again and again, to many nodes of one process. */
const decoded = new DecodeCache<PeerHint>(DECODED_HINTS_MAX)
/** A node tells many peers of the same one. */
const encoded = new WeakMap<PeerHint, Uint8Array>()

/** Returns the bytes of a hint, not to be modified; endpoints beyond the cap are left out. */
export function encodePeerHint(hint: PeerHint): Uint8Array {
  const known = encoded.get(hint)
  if (known !== undefined) return known
  const bytes = encode(hint)
  encoded.set(hint, bytes)
  return bytes
}

/** Reads a hint; unknown trailing bytes are skipped. Equal bytes give the same object. */
export function decodePeerHint(bytes: Uint8Array): PeerHint | Malformed {
  const known = decoded.get(bytes)
  if (known !== undefined) return known
  const hint = decode(bytes)
  if (!(hint instanceof Malformed)) decoded.set(bytes, hint)
  return hint
}

/** Returns what a hint says to somebody who has a session with the peer: the end of its bytes, the endpoints. */
export function encodeHintEndpoints(hint: PeerHint): Uint8Array {
  return encodePeerHint(hint).subarray(ENDPOINTS_AT)
}

/** Returns the hint of a `peer` that says where it can be reached now. */
export function decodeHintEndpoints(bytes: Uint8Array, peer: PeerHint): PeerHint | Malformed {
  const whole = new Uint8Array(ENDPOINTS_AT + bytes.length)
  whole.set(encodePeerHint(peer).subarray(0, ENDPOINTS_AT))
  whole.set(bytes, ENDPOINTS_AT)
  return decodePeerHint(whole)
}

function encode(hint: PeerHint): Uint8Array {
  const endpoints = hint.endpoints.slice(0, HINT_ENDPOINTS_MAX)
  const writer = new ByteWriter(54 + 7 * endpoints.length)
  writer.u8(VERSION).bytes(hint.address.bytes).bytes(hint.sessionKey)
  writeEndpoints(writer, endpoints)
  return writer.toBytes()
}

function decode(bytes: Uint8Array): PeerHint | Malformed {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  const address = reader.bytes(ADDRESS_BYTES)
  const sessionKey = reader.bytes(SESSION_KEY_BYTES).slice()
  if (!reader.ok) return new Malformed('peer hint: cut short')
  if (version !== VERSION) return new Malformed('peer hint: unknown version')
  const endpoints = readEndpoints(reader)
  if (endpoints instanceof Malformed) return endpoints
  return { address: Address.fromBytes(address), sessionKey, endpoints }
}

/** Writes a count byte and that many addresses. */
export function writeEndpoints(writer: ByteWriter, endpoints: readonly TransportAddress[]): void {
  writer.u8(endpoints.length)
  for (const endpoint of endpoints) writeTransportAddress(writer, endpoint)
}

/** Reads what `writeEndpoints` wrote. */
export function readEndpoints(reader: ByteReader): TransportAddress[] | Malformed {
  const count = reader.u8()
  if (count > HINT_ENDPOINTS_MAX) return new Malformed('endpoints: more than the cap')
  const endpoints: TransportAddress[] = []
  for (let i = 0; i < count; i++) {
    const endpoint = readTransportAddress(reader)
    if (endpoint instanceof Malformed) return endpoint
    endpoints.push(endpoint)
  }
  return reader.ok ? endpoints : new Malformed('endpoints: cut short')
}

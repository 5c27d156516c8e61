/**
 * Payload of a handshake message of IPOP, inside the encryption of Noise. Big-endian.
 *   offset  size  field
 *        0    12  TAI64N time stamp (initiation only; everything below moves up in a response)
 *       12     2  node record length r
 *       14     r  node record
 *     14+r     1  number of capabilities k
 *     15+r     k  capabilities, one byte each
 *   15+r+k        zeros, up to the length of an initiation; later versions put fields here
 *
 * WireGuard's initiation carries the time stamp alone, its response nothing.
 */
import { ByteReader, ByteWriter, DecodeCache, Malformed } from '@ipop/codec'
import { CAPABILITIES_MAX, VERIFIED_RECORDS_MAX } from '../limits.ts'
import { decodeNodeRecord } from './node-record.ts'
import type { NodeRecord } from './node-record.ts'
import { copyBytes } from '../primitives/bytes.ts'

/** Records of the same peers come to many nodes of one process; whether one is valid is asked each time. */
const decodedRecords = new DecodeCache<NodeRecord>(VERIFIED_RECORDS_MAX)

/** Bytes of a TAI64N time stamp. */
export const TAI64N_BYTES = 12

/** Bytes of a response's payload besides the record and the capabilities: their lengths. */
export const PAYLOAD_OVERHEAD_BYTES = 3

/** What the two ends tell each other under the protection of the handshake. */
export interface HandshakePayload {
  /** Present in an initiation. */
  readonly timestamp?: Uint8Array
  /** The record in its wire form; absent in WireGuard's handshake. */
  readonly recordBytes?: Uint8Array
  /** Capability numbers; unknown ones are to be ignored. */
  readonly capabilities: readonly number[]
}

/** Returns the wire form of `payload`, filled with zeros to `length` where it is shorter. */
export function encodeHandshakePayload(payload: HandshakePayload, length: number): Uint8Array {
  const writer = new ByteWriter(512)
  if (payload.timestamp !== undefined) writer.bytes(payload.timestamp)
  if (payload.recordBytes !== undefined) {
    writer.u16(payload.recordBytes.length)
    writer.bytes(payload.recordBytes)
    writer.u8(payload.capabilities.length)
    for (const capability of payload.capabilities) writer.u8(capability)
  }
  const bytes = writer.toBytes()
  if (bytes.length >= length) return bytes
  const padded = new Uint8Array(length)
  padded.set(bytes)
  return padded
}

/** Returns the payload in `bytes`; the record's bytes are copied. */
export function decodeHandshakePayload(
  bytes: Uint8Array,
  has: { readonly timestamp: boolean; readonly record: boolean },
): HandshakePayload | Malformed {
  const reader = new ByteReader(bytes)
  const timestamp = has.timestamp ? { timestamp: copyBytes(reader.bytes(TAI64N_BYTES)) } : {}
  if (!reader.ok) return new Malformed('no time stamp')
  if (!has.record) return { ...timestamp, capabilities: [] }
  const recordBytes = copyBytes(reader.bytes(reader.u16()))
  const count = reader.u8()
  if (count > CAPABILITIES_MAX) return new Malformed('too many capabilities')
  const capabilities = [...reader.bytes(count)]
  if (!reader.ok) return new Malformed('handshake payload cut off')
  return { ...timestamp, recordBytes, capabilities }
}

/** Returns the record of `payload`, unverified. */
export function payloadRecord({ recordBytes }: HandshakePayload): NodeRecord | Malformed {
  if (recordBytes === undefined) return new Malformed('no node record')
  const known = decodedRecords.get(recordBytes)
  if (known !== undefined) return known
  const record = decodeNodeRecord(recordBytes)
  if (!(record instanceof Malformed)) decodedRecords.set(recordBytes, record)
  return record
}

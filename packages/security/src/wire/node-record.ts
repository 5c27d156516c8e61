/**
 * Node record: what ties a session key to an identity and so to an address. Big-endian.
 *   offset  size  field
 *        0     1  version, 1
 *        1    32  identity key (Ed25519)
 *       33    32  session key (X25519)
 *       65    16  nonce of the address
 *       81     8  expiry, milliseconds since 1970
 *       89     2  certificate length c, at most 256
 *       91     c  certificate
 *     91+c    64  signature by the identity key over "ipop-record-v1" and everything before
 */
import { ByteReader, ByteWriter, Malformed } from '@ipop/codec'
import type { Address } from '@ipop/address'
import { addressFromIdentity } from '../identity/identity-address.ts'
import { CERTIFICATE_BYTES_MAX } from '../limits.ts'
import { SecurityError } from '../errors.ts'
import { copyBytes } from '../primitives/bytes.ts'

const VERSION = 1
const SIGNATURE_LABEL = new TextEncoder().encode('ipop-record-v1')

/** Bytes of a record without its certificate. */
export const NODE_RECORD_BYTES_MIN = 155

/** A signed statement of an identity about itself. `verifyNodeRecord` says whether it holds. */
export interface NodeRecord {
  readonly identityKey: Uint8Array
  readonly sessionKey: Uint8Array
  readonly nonce: Uint8Array
  /** The group's permission, where the group demands one. */
  readonly certificate?: Uint8Array
  readonly expiresAtMs: number
  readonly signature: Uint8Array
  /** The address that follows from identity key and nonce. */
  readonly address: Address
}

/** The signed part of a record. */
export type NodeRecordFields = Omit<NodeRecord, 'signature' | 'address'>

/** Returns the bytes that a record's signature covers. */
export function nodeRecordMessage(fields: NodeRecordFields): Uint8Array {
  const writer = new ByteWriter(256)
  writer.bytes(SIGNATURE_LABEL)
  writeFields(writer, fields)
  return writer.toBytes()
}

/** Returns the wire form of `record`. */
export function encodeNodeRecord(record: NodeRecord): Uint8Array {
  const writer = new ByteWriter(256)
  writeFields(writer, record)
  writer.bytes(record.signature)
  return writer.toBytes()
}

/** Returns the record at the start of `bytes`, unverified; what follows it is ignored. */
export function decodeNodeRecord(bytes: Uint8Array): NodeRecord | Malformed {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  const identityKey = copyBytes(reader.bytes(32))
  const sessionKey = copyBytes(reader.bytes(32))
  const nonce = copyBytes(reader.bytes(16))
  const expiresAtMs = Number(reader.u64())
  const certificateLength = reader.u16()
  if (certificateLength > CERTIFICATE_BYTES_MAX) return new Malformed('certificate too long')
  const certificate = copyBytes(reader.bytes(certificateLength))
  const signature = copyBytes(reader.bytes(64))
  if (!reader.ok) return new Malformed('node record cut off')
  if (version !== VERSION) return new Malformed('node record version')
  if (!Number.isSafeInteger(expiresAtMs)) return new Malformed('node record expiry')
  const address = addressFromIdentity(identityKey, nonce)
  const fields = { identityKey, sessionKey, nonce, expiresAtMs, signature, address }
  return certificateLength === 0 ? fields : { ...fields, certificate }
}

function writeFields(writer: ByteWriter, fields: NodeRecordFields): void {
  const certificate = fields.certificate ?? new Uint8Array(0)
  if (certificate.length > CERTIFICATE_BYTES_MAX) {
    throw new SecurityError('CERTIFICATE_TOO_LONG', `${certificate.length} bytes of certificate`)
  }
  writer.u8(VERSION)
  writer.bytes(fields.identityKey)
  writer.bytes(fields.sessionKey)
  writer.bytes(fields.nonce)
  writer.u64(BigInt(fields.expiresAtMs))
  writer.u16(certificate.length)
  writer.bytes(certificate)
}

/**
 * Group certificate: an authority's word that an identity with a nonce is a member. Big-endian.
 *   offset  size  field
 *        0     1  version, 1
 *        1     8  expiry, milliseconds since 1970
 *        9     1  subject length s, at most 64
 *       10     s  subject: who the member is, UTF-8
 *     10+s    64  signature by the group's key over "ipop-group-certificate-v1", identity key, nonce and everything before
 */
import { ByteReader, ByteWriter, concatBytes, Malformed } from '@ipop/codec'
import { SecurityError } from '../errors.ts'
import { CERTIFICATE_SUBJECT_BYTES_MAX } from '../limits.ts'
import { copyBytes } from '../primitives/bytes.ts'

const VERSION = 1
const SIGNATURE_LABEL = new TextEncoder().encode('ipop-group-certificate-v1')

/** What an authority states about a member. Identity key and nonce stand in the record that carries it. */
export interface GroupCertificate {
  /** Who the member is, for people. */
  readonly subject: string
  readonly expiresAtMs: number
  readonly signature: Uint8Array
}

/** Returns the bytes that a certificate's signature covers. */
export function groupCertificateMessage(
  fields: Omit<GroupCertificate, 'signature'>,
  identityKey: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  return concatBytes(SIGNATURE_LABEL, identityKey, nonce, encodeFields(fields))
}

/** Returns the wire form of `certificate`. */
export function encodeGroupCertificate(certificate: GroupCertificate): Uint8Array {
  return concatBytes(encodeFields(certificate), certificate.signature)
}

/** Returns the certificate at the start of `bytes`, unverified; what follows it is ignored. */
export function decodeGroupCertificate(bytes: Uint8Array): GroupCertificate | Malformed {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  const expiresAtMs = Number(reader.u64())
  const subjectLength = reader.u8()
  if (subjectLength > CERTIFICATE_SUBJECT_BYTES_MAX) return new Malformed('subject too long')
  const subjectBytes = reader.bytes(subjectLength)
  const signature = copyBytes(reader.bytes(64))
  if (!reader.ok) return new Malformed('certificate cut off')
  if (version !== VERSION) return new Malformed('certificate version')
  if (!Number.isSafeInteger(expiresAtMs)) return new Malformed('certificate expiry')
  try {
    const subject = new TextDecoder('utf-8', { fatal: true }).decode(subjectBytes)
    return { subject, expiresAtMs, signature }
  } catch {
    return new Malformed('subject is not UTF-8')
  }
}

function encodeFields(fields: Omit<GroupCertificate, 'signature'>): Uint8Array {
  const subject = new TextEncoder().encode(fields.subject)
  if (subject.length > CERTIFICATE_SUBJECT_BYTES_MAX) {
    throw new SecurityError('CERTIFICATE_TOO_LONG', `${subject.length} bytes of subject`)
  }
  const writer = new ByteWriter(96)
  writer.u8(VERSION)
  writer.u64(BigInt(fields.expiresAtMs))
  writer.u8(subject.length)
  writer.bytes(subject)
  return writer.toBytes()
}

/**
 * One stored entry, big-endian. The key hash is not part of it: whoever moves an entry names the key beside it.
 *   offset  size  field
 *        0     1  flags: 1 exclusive, 2 tentative, 4 released; the rest zero
 *        1    32  owner's identity key (Ed25519)
 *       33    16  owner's nonce
 *       49     8  sequence number
 *       57     8  floor: the owner's entries at this key with lower sequence numbers are void
 *       65     8  signing time, milliseconds since 1970
 *       73     8  time of the first claim, milliseconds since 1970
 *       81     4  life from the signing time, seconds
 *       85     2  length n of the value
 *       87     n  value; of a released shared entry the 16-byte digest of the value that is withdrawn
 *     87+n    64  signature over "ipop-dht-entry-v1", the key hash (32) and everything above
 */
import { ByteReader, ByteWriter, concatBytes, Malformed } from '@ipop/codec'
import { VALUE_BYTES_MAX } from '../limits.ts'

const LENGTH = { key: 32, nonce: 16, signature: 64 }

const FLAG = { exclusive: 1, tentative: 2, released: 4 }
const FLAGS_ALL = 7

const DOMAIN = new TextEncoder().encode('ipop-dht-entry-v1')

/** Bytes of an entry besides its value. */
export const ENTRY_OVERHEAD_BYTES = 151

/** The signed fields of an entry. */
export interface EntryFields {
  readonly isExclusive: boolean
  readonly isTentative: boolean
  readonly isReleased: boolean
  readonly ownerKey: Uint8Array
  readonly ownerNonce: Uint8Array
  readonly sequence: number
  /** The owner's entries at this key with lower sequence numbers are void. */
  readonly floor: number
  readonly signedAtMs: number
  readonly claimedAtMs: number
  readonly ttlSeconds: number
  readonly value: Uint8Array
}

/** An entry as it is on the wire. */
export interface SignedFields extends EntryFields {
  readonly signature: Uint8Array
}

/** Returns what the owner signs. */
export function signedBytes(keyHash: Uint8Array, fields: EntryFields): Uint8Array {
  return concatBytes(DOMAIN, keyHash, encodeFields(fields))
}

/** Returns the bytes of an entry. */
export function encodeEntry(entry: SignedFields): Uint8Array {
  return concatBytes(encodeFields(entry), entry.signature)
}

/** Returns the entry in `bytes`, or why it is none. Nothing longer is accepted: the bytes are compared as a whole. */
export function decodeEntry(bytes: Uint8Array): SignedFields | Malformed {
  const reader = new ByteReader(bytes)
  const flags = reader.u8()
  const ownerKey = reader.bytes(LENGTH.key).slice()
  const ownerNonce = reader.bytes(LENGTH.nonce).slice()
  const [sequence, floor] = [reader.u64(), reader.u64()]
  const [signedAtMs, claimedAtMs] = [reader.u64(), reader.u64()]
  const ttlSeconds = reader.u32()
  const value = reader.bytes(reader.u16()).slice()
  const signature = reader.bytes(LENGTH.signature).slice()
  if (!reader.ok) return new Malformed('entry: too short')
  if (reader.remaining > 0) return new Malformed('entry: trailing bytes')
  if (flags & ~FLAGS_ALL) return new Malformed('entry: unknown flags')
  if (value.length > VALUE_BYTES_MAX) return new Malformed('entry: value too large')
  if ([sequence, floor, signedAtMs, claimedAtMs].some((n) => n > BigInt(Number.MAX_SAFE_INTEGER)))
    return new Malformed('entry: number too large')
  return {
    isExclusive: (flags & FLAG.exclusive) !== 0,
    isTentative: (flags & FLAG.tentative) !== 0,
    isReleased: (flags & FLAG.released) !== 0,
    ...{ ownerKey, ownerNonce, ttlSeconds, value, signature },
    sequence: Number(sequence),
    floor: Number(floor),
    signedAtMs: Number(signedAtMs),
    claimedAtMs: Number(claimedAtMs),
  }
}

function encodeFields(fields: EntryFields): Uint8Array {
  const flags =
    (fields.isExclusive ? FLAG.exclusive : 0) |
    (fields.isTentative ? FLAG.tentative : 0) |
    (fields.isReleased ? FLAG.released : 0)
  return new ByteWriter(ENTRY_OVERHEAD_BYTES + fields.value.length)
    .u8(flags)
    .bytes(fields.ownerKey)
    .bytes(fields.ownerNonce)
    .u64(BigInt(fields.sequence))
    .u64(BigInt(fields.floor))
    .u64(BigInt(fields.signedAtMs))
    .u64(BigInt(fields.claimedAtMs))
    .u32(fields.ttlSeconds)
    .u16(fields.value.length)
    .bytes(fields.value)
    .toBytes()
}

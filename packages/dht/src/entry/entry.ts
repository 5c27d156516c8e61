/** A signed entry, ready to be compared and stored. */
import { createHash } from 'node:crypto'
import type { Address } from '@ipop/address'
import { Malformed, toHex } from '@ipop/codec'
import { addressFromIdentity, verifySignature } from '@ipop/security'
import {
  CLAIM_TTL_SECONDS_MAX,
  CLOCK_SKEW_MAX_MS,
  TTL_SECONDS_MAX,
  TTL_SECONDS_MIN,
} from '../limits.ts'
import { decodeEntry, encodeEntry, signedBytes, type SignedFields } from '../wire/entry.ts'

/** Bytes of the digest that tells the values of one owner apart. */
export const SLOT_BYTES = 16

/** Bytes of a slot's name: owner address and value digest. */
export const SLOT_ID_BYTES = 36

const GRANT_SLOT = new Uint8Array(SLOT_BYTES)
const CLAIM_SLOT = new Uint8Array(SLOT_BYTES).fill(0xff)

/** Who signs entries; `Identity` provides it. */
export interface EntrySigner {
  readonly address: Address
  readonly publicKey: Uint8Array
  readonly secret: { readonly nonce: Uint8Array }
  /** Returns the Ed25519 signature of `message`. */
  sign(message: Uint8Array): Uint8Array
}

/** An entry together with what follows from it. */
export interface Entry extends SignedFields {
  readonly keyHash: Uint8Array
  /** The address of the owner's identity. */
  readonly owner: Address
  /** Names what this entry is a version of: hex of the owner's address and of the value's digest, or of what stands for it. */
  readonly slotId: string
  /** The bytes on the wire. */
  readonly bytes: Uint8Array
}

/** What an owner decides about a new entry. */
export interface EntryDraft {
  readonly keyHash: Uint8Array
  readonly value: Uint8Array
  readonly sequence: number
  readonly signedAtMs: number
  readonly claimedAtMs: number
  readonly ttlSeconds: number
  readonly isExclusive?: boolean
  readonly isTentative?: boolean
  /** The owner's entries at this key with lower numbers are void; 0 (the default) when all of them stand. */
  readonly floor?: number
  readonly isReleased?: boolean
}

/** Why a replica refuses an entry whatever else it stores. */
export type EntryFault = 'malformed' | 'signature' | 'ttl' | 'expired' | 'future'

/** Returns `draft` signed by `signer`. */
export function signEntry(signer: EntrySigner, draft: EntryDraft): Entry {
  const fields = {
    ...draft,
    isExclusive: draft.isExclusive ?? false,
    isTentative: draft.isTentative ?? false,
    floor: draft.floor ?? 0,
    isReleased: draft.isReleased ?? false,
    ownerKey: signer.publicKey,
    ownerNonce: signer.secret.nonce,
  }
  const signature = signer.sign(signedBytes(draft.keyHash, fields))
  return complete(draft.keyHash, { ...fields, signature }, signer.address)
}

/** Returns the entry for the key `keyHash` in `bytes`, not verified yet. */
export function parseEntry(keyHash: Uint8Array, bytes: Uint8Array): Entry | Malformed {
  const fields = decodeEntry(bytes)
  if (fields instanceof Malformed) return fields
  const { isExclusive, isReleased, isTentative, value } = fields
  if (isReleased && value.length !== (isExclusive ? 0 : SLOT_BYTES))
    return new Malformed('entry: released, but what?')
  if (isTentative && !isExclusive)
    return new Malformed('entry: only an exclusive entry can be tentative')
  if (fields.floor > fields.sequence) return new Malformed('entry: voids what is to come')
  if (fields.claimedAtMs > fields.signedAtMs)
    return new Malformed('entry: claimed after it was signed')
  return complete(keyHash, fields, addressFromIdentity(fields.ownerKey, fields.ownerNonce))
}

/** Returns what is wrong with an entry's times at `wallTimeMs`, undefined when nothing is. */
export function faultOf(entry: Entry, wallTimeMs: number): EntryFault | undefined {
  const ttlMax = entry.isTentative && !entry.isReleased ? CLAIM_TTL_SECONDS_MAX : TTL_SECONDS_MAX
  if (entry.ttlSeconds < TTL_SECONDS_MIN || entry.ttlSeconds > ttlMax) return 'ttl'
  if (entry.signedAtMs > wallTimeMs + CLOCK_SKEW_MAX_MS) return 'future'
  return latestExpiryMs(entry) <= wallTimeMs ? 'expired' : undefined
}

/** Returns whether the owner signed the entry for this key. */
export function isSignedByOwner(entry: Entry): boolean {
  return verifySignature(entry.ownerKey, signedBytes(entry.keyHash, entry), entry.signature)
}

/**
 * Returns how long an entry may still live at a replica that is told `claimedMs` (its whole life, when it comes from the
 * owner). The signing time only caps it, so that clocks may differ by the tolerance without cutting an entry's life.
 */
export function remainingMsOf(entry: Entry, claimedMs: number, wallTimeMs: number): number {
  return Math.min(claimedMs, entry.ttlSeconds * 1_000, latestExpiryMs(entry) - wallTimeMs)
}

/** Returns how long a copy of an entry might be accepted somewhere. */
export function replayableMsOf(entry: Entry, wallTimeMs: number): number {
  return latestExpiryMs(entry) - wallTimeMs
}

/** Returns the digest that names `value` among the values of one owner. */
export function valueDigest(value: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(value).digest()).slice(0, SLOT_BYTES)
}

function latestExpiryMs(entry: Entry): number {
  return entry.signedAtMs + entry.ttlSeconds * 1_000 + CLOCK_SKEW_MAX_MS
}

function complete(keyHash: Uint8Array, fields: SignedFields, owner: Address): Entry {
  return {
    ...fields,
    keyHash,
    owner,
    slotId: toHex(owner.bytes) + toHex(slotOf(fields)),
    bytes: encodeEntry(fields),
  }
}

/** An owner has one slot for its claim, one for what it was granted, and one for each shared value. */
function slotOf(fields: SignedFields): Uint8Array {
  if (fields.isTentative) return CLAIM_SLOT
  if (fields.isExclusive) return GRANT_SLOT
  return fields.isReleased ? fields.value : valueDigest(fields.value)
}

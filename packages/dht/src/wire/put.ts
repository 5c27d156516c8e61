/**
 * `dht.put`: stores one entry at one replica. CBOR maps.
 *   request  k  key hash, 32 bytes
 *            e  entry bytes
 *   reply    s  0 stored, 1 somebody else holds the key, 2 the owner wrote something newer, 3 refused
 *            h  with 1 and 2: the entry that stands, as a held entry
 *            r  with 3: why, text
 */
import type { CborMap, CborValue } from '@ipop/codec'
import { Malformed } from '@ipop/codec'
import { REASON_LENGTH_MAX, VALUE_BYTES_MAX } from '../limits.ts'
import { KEY_HASH_BYTES } from '../placement/placement.ts'
import { ENTRY_OVERHEAD_BYTES } from './entry.ts'
import { Fields } from './fields.ts'
import { readHeld, writeHeld, type HeldEntry } from './held-entry.ts'

/** Name of the method. */
export const PUT_METHOD = 'dht.put'

const STATUS = { stored: 0, conflict: 1, stale: 2, refused: 3 }

/** A request to store one entry. */
export interface PutRequest {
  readonly keyHash: Uint8Array
  readonly entry: Uint8Array
}

/** What the replica did. */
export type PutReply =
  | { readonly kind: 'stored' }
  | { readonly kind: 'conflict' | 'stale'; readonly holder: HeldEntry }
  | { readonly kind: 'refused'; readonly reason: string }

/** Returns the request as CBOR. */
export function writePutRequest(request: PutRequest): CborMap {
  return { k: request.keyHash, e: request.entry }
}

/** Reads a request. */
export function readPutRequest(value: CborValue): PutRequest | Malformed {
  const fields = new Fields(value, PUT_METHOD)
  const keyHash = fields.bytes('k', KEY_HASH_BYTES, KEY_HASH_BYTES)
  const entry = fields.bytes('e', ENTRY_OVERHEAD_BYTES, ENTRY_OVERHEAD_BYTES + VALUE_BYTES_MAX)
  return fields.malformed ?? { keyHash, entry }
}

/** Returns the reply as CBOR. */
export function writePutReply(reply: PutReply): CborMap {
  switch (reply.kind) {
    case 'stored':
      return { s: STATUS.stored }
    case 'conflict':
    case 'stale':
      return { s: STATUS[reply.kind], h: writeHeld(reply.holder) }
    case 'refused':
      return { s: STATUS.refused, r: reply.reason }
  }
}

/** Reads a reply. */
export function readPutReply(value: CborValue): PutReply | Malformed {
  const fields = new Fields(value, `${PUT_METHOD} reply`)
  const status = fields.uint('s', STATUS.refused)
  if (fields.malformed) return fields.malformed
  if (status === STATUS.stored) return { kind: 'stored' }
  if (status === STATUS.refused) {
    const reason = fields.text('r', REASON_LENGTH_MAX)
    return fields.malformed ?? { kind: 'refused', reason }
  }
  const map = value as CborMap
  const holder = map['h'] === undefined ? undefined : readHeld(map['h'])
  if (!holder) return new Malformed(`${PUT_METHOD} reply: h`)
  return { kind: status === STATUS.conflict ? 'conflict' : 'stale', holder }
}

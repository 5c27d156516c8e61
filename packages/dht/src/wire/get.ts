/**
 * `dht.get`: reads what one replica has for a key, a page at a time. CBOR maps.
 *   request  k  key hash, 32 bytes
 *            t  absent at first, then the token of the page before, 36 bytes
 *   reply    e  array of held entries, withdrawals and tentative claims included
 *            n  token of the next page, 36 bytes; absent on the last one
 */
import type { CborMap, CborValue } from '@ipop/codec'
import type { Malformed } from '@ipop/codec'
import { SLOT_ID_BYTES } from '../entry/entry.ts'
import { PAGE_ENTRIES_MAX } from '../limits.ts'
import { KEY_HASH_BYTES } from '../placement/placement.ts'
import { Fields } from './fields.ts'
import { readHeld, writeHeld, type HeldEntry } from './held-entry.ts'

/** Name of the method. */
export const GET_METHOD = 'dht.get'

/** A request for one page. */
export interface GetRequest {
  readonly keyHash: Uint8Array
  /** Where to go on: the last slot of the page before. */
  readonly token?: Uint8Array
}

/** One page. */
export interface GetReply {
  readonly entries: readonly HeldEntry[]
  readonly next?: Uint8Array
}

/** Returns the request as CBOR. */
export function writeGetRequest(request: GetRequest): CborMap {
  return { k: request.keyHash, ...(request.token && { t: request.token }) }
}

/** Reads a request. */
export function readGetRequest(value: CborValue): GetRequest | Malformed {
  const fields = new Fields(value, GET_METHOD)
  const keyHash = fields.bytes('k', KEY_HASH_BYTES, KEY_HASH_BYTES)
  const token = readToken(fields, 't')
  return fields.malformed ?? { keyHash, ...(token && { token }) }
}

/** Returns the reply as CBOR. */
export function writeGetReply(reply: GetReply): CborMap {
  return { e: reply.entries.map(writeHeld), ...(reply.next && { n: reply.next }) }
}

/** Reads a reply. */
export function readGetReply(value: CborValue): GetReply | Malformed {
  const fields = new Fields(value, `${GET_METHOD} reply`)
  const entries = fields.list('e', PAGE_ENTRIES_MAX, readHeld)
  const next = readToken(fields, 'n')
  return fields.malformed ?? { entries, ...(next && { next }) }
}

function readToken(fields: Fields, name: string): Uint8Array | undefined {
  return fields.has(name) ? fields.bytes(name, SLOT_ID_BYTES, SLOT_ID_BYTES) : undefined
}

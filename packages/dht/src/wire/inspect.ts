/**
 * `dht.count` and `dht.dump`: what a replica stores, for operators. CBOR maps.
 *   count  request  (an empty map)
 *          reply    k keys, r records, b bytes
 *   dump   request  t  absent at first, then the token of the page before, 68 bytes
 *          reply    e  array of keyed entries
 *                   n  token of the next page, key hash and slot, 68 bytes; absent on the last one
 */
import type { CborMap, CborValue } from '@ipop/codec'
import type { Malformed } from '@ipop/codec'
import { SLOT_ID_BYTES } from '../entry/entry.ts'
import { PAGE_ENTRIES_MAX } from '../limits.ts'
import { KEY_HASH_BYTES } from '../placement/placement.ts'
import { Fields } from './fields.ts'
import { readKeyed, writeKeyed, type KeyedEntry } from './held-entry.ts'

/** Name of the counting method. */
export const COUNT_METHOD = 'dht.count'

/** Name of the listing method. */
export const DUMP_METHOD = 'dht.dump'

const TOKEN_BYTES = KEY_HASH_BYTES + SLOT_ID_BYTES

/** Sizes of a store. */
export interface CountReply {
  readonly keys: number
  readonly records: number
  readonly bytes: number
}

/** A request for one page of a dump. */
export interface DumpRequest {
  readonly token?: Uint8Array
}

/** One page of a dump. */
export interface DumpReply {
  readonly entries: readonly KeyedEntry[]
  readonly next?: Uint8Array
}

/** Returns the reply as CBOR. */
export function writeCountReply(reply: CountReply): CborMap {
  return { k: reply.keys, r: reply.records, b: reply.bytes }
}

/** Reads a reply. */
export function readCountReply(value: CborValue): CountReply | Malformed {
  const fields = new Fields(value, `${COUNT_METHOD} reply`)
  const max = Number.MAX_SAFE_INTEGER
  const counts = {
    keys: fields.uint('k', max),
    records: fields.uint('r', max),
    bytes: fields.uint('b', max),
  }
  return fields.malformed ?? counts
}

/** Reads the request of a count: any map will do. */
export function readCountRequest(value: CborValue): true | Malformed {
  return new Fields(value, COUNT_METHOD).malformed ?? true
}

/** Returns the request as CBOR. */
export function writeDumpRequest(request: DumpRequest): CborMap {
  return request.token ? { t: request.token } : {}
}

/** Reads a request. */
export function readDumpRequest(value: CborValue): DumpRequest | Malformed {
  const fields = new Fields(value, DUMP_METHOD)
  const token = fields.has('t') ? fields.bytes('t', TOKEN_BYTES, TOKEN_BYTES) : undefined
  return fields.malformed ?? (token ? { token } : {})
}

/** Returns the reply as CBOR. */
export function writeDumpReply(reply: DumpReply): CborMap {
  return { e: reply.entries.map(writeKeyed), ...(reply.next && { n: reply.next }) }
}

/** Reads a reply. */
export function readDumpReply(value: CborValue): DumpReply | Malformed {
  const fields = new Fields(value, `${DUMP_METHOD} reply`)
  const entries = fields.list('e', PAGE_ENTRIES_MAX, readKeyed)
  const next = fields.has('n') ? fields.bytes('n', TOKEN_BYTES, TOKEN_BYTES) : undefined
  return fields.malformed ?? { entries, ...(next && { next }) }
}

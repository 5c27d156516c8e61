/**
 * `dht.handover`: moves entries between replicas. Three requests and their replies, CBOR maps; one field names which.
 *   offer    o  array of [key hash 32, digest 8]: "I have this; do you want it?"
 *     reply  w  array of indexes into o: not stored the same way here
 *   push     p  array of keyed entries
 *     reply  a  how many of them are stored here now
 *   list     l  [from 20, to 20]: "which keys do you have with a position from `from` left to `to`?"
 *            t  absent at first, then the token (key hash, 32) of the page before
 *     reply  o  array of [key hash, digest]
 *            n  token of the next page; absent on the last one
 *            u  address (20) up to which, going left, the replier is the nearest node
 */
import { Address, ADDRESS_BYTES } from '@ipop/address'
import type { CborMap, CborValue } from '@ipop/codec'
import { Malformed } from '@ipop/codec'
import { OFFERS_MAX, PAGE_ENTRIES_MAX } from '../limits.ts'
import { KEY_HASH_BYTES } from '../placement/placement.ts'
import { DIGEST_BYTES } from '../store/key-records.ts'
import { asBytes, Fields, isUint } from './fields.ts'
import { readKeyed, writeKeyed, type KeyedEntry } from './held-entry.ts'

/** Name of the method. */
export const HANDOVER_METHOD = 'dht.handover'

/** A key and what its records look like, in short. */
export interface Offer {
  readonly keyHash: Uint8Array
  readonly digest: Uint8Array
}

/** A request of any of the three kinds. */
export type HandoverRequest =
  | { readonly kind: 'offer'; readonly offers: readonly Offer[] }
  | { readonly kind: 'push'; readonly entries: readonly KeyedEntry[] }
  | {
      readonly kind: 'list'
      readonly from: Address
      readonly to: Address
      readonly token?: Uint8Array
    }

/** One page of a list. */
export interface ListReply {
  readonly offers: readonly Offer[]
  readonly next?: Uint8Array
  readonly until: Address
}

/** Returns the request as CBOR. */
export function writeHandoverRequest(request: HandoverRequest): CborMap {
  switch (request.kind) {
    case 'offer':
      return { o: request.offers.map(writeOffer) }
    case 'push':
      return { p: request.entries.map(writeKeyed) }
    case 'list':
      return {
        l: [request.from.bytes, request.to.bytes],
        ...(request.token && { t: request.token }),
      }
  }
}

/** Reads a request. */
export function readHandoverRequest(value: CborValue): HandoverRequest | Malformed {
  const fields = new Fields(value, HANDOVER_METHOD)
  if (fields.has('o')) {
    const offers = fields.list('o', OFFERS_MAX, readOffer)
    return fields.malformed ?? { kind: 'offer', offers }
  }
  if (fields.has('p')) {
    const entries = fields.list('p', PAGE_ENTRIES_MAX, readKeyed)
    return fields.malformed ?? { kind: 'push', entries }
  }
  const [from, to] = fields.list('l', 2, readAddress)
  const token = readToken(fields, 't')
  if (fields.malformed) return fields.malformed
  if (!from || !to) return new Malformed(`${HANDOVER_METHOD}: l`)
  return { kind: 'list', from, to, ...(token && { token }) }
}

/** Returns the reply to an offer as CBOR. */
export function writeOfferReply(wanted: readonly number[]): CborMap {
  return { w: wanted }
}

/** Reads the reply to an offer: the indexes that are wanted. */
export function readOfferReply(value: CborValue): readonly number[] | Malformed {
  const fields = new Fields(value, `${HANDOVER_METHOD} offer reply`)
  const wanted = fields.list('w', OFFERS_MAX, (item) =>
    isUint(item, OFFERS_MAX - 1) ? item : undefined,
  )
  return fields.malformed ?? wanted
}

/** Returns the reply to a push as CBOR. */
export function writePushReply(accepted: number): CborMap {
  return { a: accepted }
}

/** Reads the reply to a push: how many entries are stored there. */
export function readPushReply(value: CborValue): number | Malformed {
  const fields = new Fields(value, `${HANDOVER_METHOD} push reply`)
  const accepted = fields.uint('a', PAGE_ENTRIES_MAX)
  return fields.malformed ?? accepted
}

/** Returns the reply to a list request as CBOR. */
export function writeListReply(reply: ListReply): CborMap {
  return {
    o: reply.offers.map(writeOffer),
    u: reply.until.bytes,
    ...(reply.next && { n: reply.next }),
  }
}

/** Reads the reply to a list request. */
export function readListReply(value: CborValue): ListReply | Malformed {
  const fields = new Fields(value, `${HANDOVER_METHOD} list reply`)
  const offers = fields.list('o', OFFERS_MAX, readOffer)
  const until = fields.bytes('u', ADDRESS_BYTES, ADDRESS_BYTES)
  const next = readToken(fields, 'n')
  return fields.malformed ?? { offers, until: Address.fromBytes(until), ...(next && { next }) }
}

function writeOffer(offer: Offer): CborValue {
  return [offer.keyHash, offer.digest]
}

function readOffer(value: CborValue): Offer | undefined {
  if (!Array.isArray(value) || value.length < 2) return undefined
  const [key, sum] = value as readonly CborValue[]
  const keyHash = asBytes(key, KEY_HASH_BYTES, KEY_HASH_BYTES)
  const digest = asBytes(sum, DIGEST_BYTES, DIGEST_BYTES)
  return keyHash && digest && { keyHash, digest }
}

function readAddress(value: CborValue): Address | undefined {
  const bytes = asBytes(value, ADDRESS_BYTES, ADDRESS_BYTES)
  return bytes && Address.fromBytes(bytes)
}

function readToken(fields: Fields, name: string): Uint8Array | undefined {
  return fields.has(name) ? fields.bytes(name, KEY_HASH_BYTES, KEY_HASH_BYTES) : undefined
}

/** The DHT's bytes: vectors both ways, and any bytes at all are survived. */
import { readFileSync } from 'node:fs'
import type { CborMap, CborValue } from '@ipop/codec'
import { decodeCbor, encodeCbor, fromHex, Malformed, toHex } from '@ipop/codec'
import { Identity } from '@ipop/security'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { isSignedByOwner, parseEntry, signEntry } from '../../src/entry/entry.ts'
import { hashKey } from '../../src/index.ts'
import { readGetReply, readGetRequest, writeGetReply, writeGetRequest } from '../../src/wire/get.ts'
import * as handover from '../../src/wire/handover.ts'
import { readHeld, readKeyed, writeHeld, writeKeyed } from '../../src/wire/held-entry.ts'
import * as inspect from '../../src/wire/inspect.ts'
import { readPutReply, readPutRequest, writePutReply, writePutRequest } from '../../src/wire/put.ts'

interface EntryVector {
  readonly name: string
  readonly identitySeed: string
  readonly nonce: string
  readonly owner: string
  readonly key: string
  readonly keyHash: string
  readonly isExclusive: boolean
  readonly isTentative: boolean
  readonly floor: number
  readonly isReleased: boolean
  readonly sequence: number
  readonly signedAtMs: number
  readonly claimedAtMs: number
  readonly ttlSeconds: number
  readonly value: string
  readonly bytes: string
}

interface MessageVector {
  readonly name: string
  readonly method: string
  readonly kind: string
  readonly cbor: string
}

/** Reads a message and writes it again. */
type Rewrite = (value: CborValue) => CborMap | Malformed

const REWRITES: Record<string, Rewrite> = {
  'dht.put request': (value) => rewrite(readPutRequest(value), writePutRequest),
  'dht.put reply': (value) => rewrite(readPutReply(value), writePutReply),
  'dht.get request': (value) => rewrite(readGetRequest(value), writeGetRequest),
  'dht.get reply': (value) => rewrite(readGetReply(value), writeGetReply),
  'dht.handover request': (value) =>
    rewrite(handover.readHandoverRequest(value), handover.writeHandoverRequest),
  'dht.handover offer reply': (value) =>
    rewrite(handover.readOfferReply(value), handover.writeOfferReply),
  'dht.handover push reply': (value) =>
    rewrite(handover.readPushReply(value), handover.writePushReply),
  'dht.handover list reply': (value) =>
    rewrite(handover.readListReply(value), handover.writeListReply),
  'dht.count reply': (value) => rewrite(inspect.readCountReply(value), inspect.writeCountReply),
  'dht.dump request': (value) => rewrite(inspect.readDumpRequest(value), inspect.writeDumpRequest),
  'dht.dump reply': (value) => rewrite(inspect.readDumpReply(value), inspect.writeDumpReply),
}

const entries = load<{ entries: EntryVector[]; malformed: { name: string; bytes: string }[] }>(
  'entry.json',
)
const messages = load<{ messages: MessageVector[]; refused: MessageVector[] }>('messages.json')

describe('an entry', () => {
  it.each(entries.entries)('is signed and read as in the vector: $name', (vector) => {
    const signer = Identity.fromSecret({
      identitySeed: fromHex(vector.identitySeed),
      sessionPrivateKey: new Uint8Array(32).fill(2),
      nonce: fromHex(vector.nonce),
    })
    const keyHash = hashKey(vector.key)
    expect(toHex(keyHash)).toBe(vector.keyHash)
    const entry = signEntry(signer, { ...vector, keyHash, value: fromHex(vector.value) })
    expect(toHex(entry.bytes)).toBe(vector.bytes)
    const parsed = parseEntry(keyHash, fromHex(vector.bytes))
    if (parsed instanceof Malformed) throw new Error(parsed.reason)
    expect(parsed).toMatchObject({
      ...{ isExclusive: vector.isExclusive, isTentative: vector.isTentative },
      ...{ isReleased: vector.isReleased, floor: vector.floor },
      ...{ sequence: vector.sequence, signedAtMs: vector.signedAtMs },
      ...{ claimedAtMs: vector.claimedAtMs, ttlSeconds: vector.ttlSeconds },
    })
    expect(parsed.owner.toString()).toBe(vector.owner)
    expect(isSignedByOwner(parsed)).toBe(true)
  })

  it.each(entries.malformed)('is malformed: $name', ({ bytes }) => {
    expect(parseEntry(hashKey('key'), fromHex(bytes))).toBeInstanceOf(Malformed)
  })
})

describe('an entry on its way', () => {
  const bytes = fromHex(entries.entries[0]?.bytes ?? '')
  const keyHash = hashKey('key')

  it('is an array of its bytes and the whole milliseconds it has left', () => {
    expect(writeHeld({ bytes, remainingMs: 5.7 })).toEqual([bytes, 5])
    expect(readHeld([bytes, 5])).toEqual({ bytes, remainingMs: 5 })
    expect(writeKeyed({ keyHash, bytes, remainingMs: -1 })).toEqual([keyHash, bytes, 0])
    expect(readKeyed([keyHash, bytes, 0, 'new'])).toEqual({ keyHash, bytes, remainingMs: 0 })
  })

  it.each([[[bytes]], [[bytes, 1.5]], [[bytes, -1]], [['x', 1]], [null], [[1, bytes, 1]]])(
    'is refused in another form (case %#)',
    (value) => {
      expect(readHeld(value)).toBeUndefined()
      expect(readKeyed(value)).toBeUndefined()
    },
  )
})

describe('a message', () => {
  it.each(messages.messages)(
    'is read and written as in the vector: $name',
    ({ method, kind, cbor }) => {
      const again = rewriteOf(method, kind)(cborOf(cbor))
      if (again instanceof Malformed) throw new Error(again.reason)
      expect(toHex(encodeCbor(again))).toBe(cbor)
    },
  )

  it.each(messages.messages)(
    'may have fields that we do not know: $name',
    ({ method, kind, cbor }) => {
      const known = cborOf(cbor) as CborMap
      const again = rewriteOf(method, kind)({ ...known, zz: [1, 'new'] })
      expect(again).toEqual({ ...known })
    },
  )

  it.each(messages.refused)('is refused: $method $kind with $name', ({ method, kind, cbor }) => {
    const result = rewriteOf(method, kind)(cborOf(cbor))
    expect(result).toBeInstanceOf(Malformed)
    expect((result as Malformed).reason.startsWith(method)).toBe(true)
  })

  it('of any shape never makes a reader throw', () => {
    const leaf = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.string(),
      fc.uint8Array(),
    )
    const names = fc.constantFrom(
      'k',
      'e',
      't',
      's',
      'h',
      'r',
      'n',
      'o',
      'p',
      'l',
      'w',
      'a',
      'u',
      'b',
    )
    const item = fc.oneof(
      leaf,
      fc.array(leaf, { maxLength: 4 }),
      fc.array(fc.array(leaf), { maxLength: 3 }),
    )
    const shape = fc.oneof(item, fc.dictionary(names, item))
    fc.assert(
      fc.property(shape, (value) => {
        for (const rewriteAny of Object.values(REWRITES)) rewriteAny(value as CborValue)
      }),
    )
  })
})

function rewrite<T>(message: T | Malformed, write: (message: T) => CborMap): CborMap | Malformed {
  return message instanceof Malformed ? message : write(message)
}

function rewriteOf(method: string, kind: string): Rewrite {
  const found = REWRITES[`${method} ${kind}`]
  if (!found) throw new Error(`no reader for ${method} ${kind}`)
  return found
}

function cborOf(hex: string): CborValue {
  const value = decodeCbor(fromHex(hex))
  if (value instanceof Malformed) throw new Error(value.reason)
  return value
}

function load<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as T
}

/** What a replica answers, and what it does not let happen. */
import { Address, leftDistance, moveRight, offset } from '@ipop/address'
import type { CborMap, CborValue } from '@ipop/codec'
import { encodeCbor, Malformed } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import type { Entry } from '../../src/entry/entry.ts'
import { hashKey } from '../../src/index.ts'
import { PAGE_BYTES_GOAL } from '../../src/limits.ts'
import { readGetReply, writeGetRequest, type GetReply } from '../../src/wire/get.ts'
import { readListReply, readPushReply, writeHandoverRequest } from '../../src/wire/handover.ts'
import { readCountReply, readDumpReply, writeDumpRequest } from '../../src/wire/inspect.ts'
import { readPutReply, writePutRequest } from '../../src/wire/put.ts'
import { entryOf, KEY_HASH } from '../helpers/entries.ts'
import { bytesOf, Village } from '../helpers/village.ts'

const HOUR_MS = 3_600_000

describe('dht.put', () => {
  it('stores what its owner signed, refuses what it did not', async () => {
    const replica = await Replica.alone()
    const entry = entryOf()
    expect(await replica.put(entry)).toEqual({ kind: 'stored' })
    const forged = { ...entry, bytes: entry.bytes.map((byte, i) => (i === 90 ? byte ^ 1 : byte)) }
    expect(await replica.put(forged)).toEqual({ kind: 'refused', reason: 'signature' })
    const elsewhere = { ...entry, keyHash: hashKey('elsewhere') }
    expect(await replica.put(elsewhere)).toEqual({ kind: 'refused', reason: 'signature' })
  })

  it('refuses an old version, also when the new one has ended, and an entry that has ended', async () => {
    const replica = await Replica.alone()
    const old = entryOf({ sequence: 1 })
    await replica.put(old)
    await replica.put(entryOf({ sequence: 2, ttlSeconds: 60 }))
    expect(await replica.put(old)).toMatchObject({ kind: 'stale' })
    await replica.village.time.advance(61_000)
    expect(await replica.put(old)).toMatchObject({ kind: 'stale' })
    expect((await replica.get()).entries).toEqual([])
    const other = entryOf({ owner: 1, ttlSeconds: 600 })
    await replica.put(other)
    await replica.village.time.advance(601_000)
    expect(await replica.put(other)).toEqual({ kind: 'refused', reason: 'expired' })
    await replica.village.time.advance(HOUR_MS)
    expect(await replica.put(other)).toEqual({ kind: 'refused', reason: 'expired' })
  })

  it('names the holder of an exclusive key', async () => {
    const replica = await Replica.alone()
    const holder = entryOf({ isExclusive: true })
    await replica.put(holder)
    await replica.village.time.advance(10_000)
    const claim = { owner: 1, isExclusive: true, isTentative: true, ttlSeconds: 60 }
    const reply = await replica.put(entryOf(claim))
    expect(reply).toEqual({
      kind: 'conflict',
      holder: { bytes: holder.bytes, remainingMs: HOUR_MS - 10_000 },
    })
  })

  it('refuses with the name of the cap that is reached', async () => {
    const replica = await Replica.alone({ keyRecordsMax: 1 })
    await replica.put(entryOf())
    expect(await replica.put(entryOf({ owner: 1 }))).toEqual({
      kind: 'refused',
      reason: 'key-full',
    })
  })

  it('refuses everything while its node leaves, and still answers reads', async () => {
    const replica = await Replica.alone()
    await replica.put(entryOf())
    await replica.village.run(replica.dht.leave())
    expect(await replica.put(entryOf({ owner: 1 }))).toEqual({ kind: 'refused', reason: 'leaving' })
    expect((await replica.get()).entries.length).toBe(1)
  })

  it('asks the neighbours before it admits a claim for a key that may be on its way', async () => {
    const village = await Village.settled(4, { seed: 12 })
    await village.run(village.at(0).dht.create('key', bytesOf('mine'), 3_600))
    const newcomer = village.join()
    await village.time.advance(150)
    expect(newcomer.dht.holds(KEY_HASH)).toBe(false)
    const signedAtMs = Math.floor(village.time.wallTimeMs())
    const claim = { isExclusive: true, isTentative: true, ttlSeconds: 60 }
    const late = entryOf({ ...claim, signedAtMs, claimedAtMs: signedAtMs })
    const args = writePutRequest({ keyHash: KEY_HASH, entry: late.bytes })
    const result = await village.run(
      newcomer.node.serve('dht.put', args, village.at(1).node.address),
    )
    expect(readPutReply(result)).toMatchObject({ kind: 'conflict' })
  })
})

describe('dht.handover', () => {
  it('admits only what verifies, for no longer than it was going to live', async () => {
    const replica = await Replica.alone()
    const entry = entryOf()
    const forged = entry.bytes.slice(0, -1)
    const push = (bytes: Uint8Array, remainingMs: number) =>
      replica.ask(
        'dht.handover',
        writeHandoverRequest({
          kind: 'push',
          entries: [{ keyHash: KEY_HASH, bytes, remainingMs }],
        }),
      )
    expect(readPushReply(await push(forged, HOUR_MS))).toBe(0)
    expect(readPushReply(await push(entry.bytes, 5_000))).toBe(1)
    expect((await replica.get()).entries[0]?.remainingMs).toBe(5_000)
    expect(readPushReply(await push(entry.bytes, HOUR_MS))).toBe(1)
    expect((await replica.get()).entries[0]?.remainingMs).toBe(5_000)
    const other = entryOf({ owner: 1, ttlSeconds: 60 })
    expect(readPushReply(await push(other.bytes, HOUR_MS * 24))).toBe(1)
    expect(
      (await replica.get()).entries.map(({ remainingMs }) => remainingMs).sort((a, b) => a - b),
    ).toEqual([5_000, 60_000])
  })

  it('lists the keys of a range in pages', async () => {
    const replica = await Replica.alone()
    for (let i = 0; i < 40; i++) await replica.put(entryOf({ keyHash: hashKey(`key ${i}`) }))
    const self = replica.node.address
    const names: string[] = []
    let token: Uint8Array | undefined
    do {
      const request = {
        kind: 'list' as const,
        from: self,
        to: previous(self),
        ...(token && { token }),
      }
      const reply = good(
        readListReply(await replica.ask('dht.handover', writeHandoverRequest(request))),
      )
      names.push(...reply.offers.map(({ keyHash }) => Buffer.from(keyHash).toString('hex')))
      token = reply.next
    } while (token)
    expect(new Set(names).size).toBe(40)
    expect(names).toEqual([...names].sort((a, b) => (a < b ? -1 : 1)))
  })
})

describe('replies', () => {
  it('of dht.get fit a datagram and together hold everything once', async () => {
    const replica = await Replica.alone()
    for (let i = 0; i < 12; i++) {
      const value = new Uint8Array(i % 3 === 0 ? 1_024 : 40).fill(i)
      await replica.put(entryOf({ owner: i % 3, value }))
    }
    const seen: number[] = []
    let token: Uint8Array | undefined
    do {
      const page: GetReply = await replica.get(token)
      if (page.entries.length > 1)
        expect(replica.lastReplyBytes).toBeLessThanOrEqual(PAGE_BYTES_GOAL + 50)
      expect(replica.lastReplyBytes).toBeLessThanOrEqual(1_228)
      seen.push(...page.entries.map(({ bytes }) => bytes[87] ?? -1))
      token = page.next
    } while (token)
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i))
  })

  it('of dht.dump do too, and dht.count agrees', async () => {
    const replica = await Replica.alone()
    for (let i = 0; i < 30; i++)
      await replica.put(entryOf({ keyHash: hashKey(`key ${i % 20}`), value: bytesOf(`${i}`) }))
    const seen: string[] = []
    let token: Uint8Array | undefined
    do {
      const page = good(
        readDumpReply(await replica.ask('dht.dump', writeDumpRequest(token ? { token } : {}))),
      )
      expect(replica.lastReplyBytes).toBeLessThanOrEqual(PAGE_BYTES_GOAL + 60)
      seen.push(...page.entries.map(({ bytes }) => Buffer.from(bytes).toString('hex')))
      token = page.next
    } while (token)
    expect(new Set(seen).size).toBe(30)
    expect(seen.length).toBe(30)
    const count = good(readCountReply(await replica.ask('dht.count', {})))
    expect(count).toMatchObject({ keys: 20, records: 30 })
    const dumped = await replica.village.run(replica.dht.dump(replica.node.address))
    expect(dumped.length).toBe(30)
  })

  it.each(['dht.put', 'dht.get', 'dht.handover', 'dht.count', 'dht.dump'])(
    'of %s to nonsense are errors',
    async (method) => {
      const replica = await Replica.alone()
      const nonsense: CborValue[] = [
        null,
        7,
        [],
        { k: 1 },
        { t: new Uint8Array(3) },
        { l: [1, 2] },
        { o: [[1]] },
        { p: {} },
      ]
      for (const args of nonsense) {
        const isFine =
          method === 'dht.count' || (method === 'dht.dump' && isMap(args) && !('t' in args))
        if (isFine && isMap(args)) continue
        await expect(replica.ask(method, args)).rejects.toThrow('dht.')
      }
    },
  )
})

/** One node of one, spoken to by hand. */
class Replica {
  readonly village: Village
  lastReplyBytes = 0

  private constructor(village: Village) {
    this.village = village
  }

  static async alone(storeLimits = {}): Promise<Replica> {
    const village = new Village({ storeLimits })
    village.join()
    return new Replica(village)
  }

  get node() {
    return this.#villager.node
  }

  get dht() {
    return this.#villager.dht
  }

  async ask(method: string, args: CborValue): Promise<CborValue> {
    const result = await this.node.serve(method, args, this.node.address)
    this.lastReplyBytes = encodeCbor(result).length
    return result
  }

  async put(entry: Pick<Entry, 'keyHash' | 'bytes'>): Promise<unknown> {
    const args = writePutRequest({ keyHash: entry.keyHash, entry: entry.bytes })
    return readPutReply(await this.ask('dht.put', args))
  }

  async get(token?: Uint8Array): Promise<GetReply> {
    const args = writeGetRequest({ keyHash: KEY_HASH, ...(token && { token }) })
    return good(readGetReply(await this.ask('dht.get', args)))
  }

  get #villager() {
    return this.village.at(0)
  }
}

function good<T>(value: T | Malformed): T {
  if (value instanceof Malformed) throw new Error(value.reason)
  return value
}

function isMap(value: CborValue): value is CborMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Returns the position just right of `address`: from it left to there is the whole ring. */
function previous(address: Address): Address {
  return moveRight(address, leftDistance(Address.zero, offset(Address.zero, 1, 2 ** 32)))
}

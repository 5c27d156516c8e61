/** The caps of a replica's store, and how it forgets. */
import { describe, expect, it } from '@jest/globals'
import type { Entry } from '../../src/entry/entry.ts'
import { hashKey } from '../../src/index.ts'
import { ReplicaStore } from '../../src/store/replica-store.ts'
import { entryOf } from '../helpers/entries.ts'
import { bytesOf } from '../helpers/village.ts'

const LIFE = { expiresAt: 1_000, keepUntil: 2_000 }

describe('the caps of a store', () => {
  it('limit the records of one key', () => {
    const store = new ReplicaStore({ keyRecordsMax: 2 })
    expect(offer(store, entryOf({ owner: 0 }))).toBe('accept')
    expect(offer(store, entryOf({ owner: 1 }))).toBe('accept')
    expect(offer(store, entryOf({ owner: 2 }))).toBe('key-full')
    expect(offer(store, entryOf({ owner: 2, keyHash: hashKey('other') }))).toBe('accept')
    expect(offer(store, entryOf({ owner: 1, sequence: 2 }))).toBe('accept')
  })

  it('limit the records of one owner at one key', () => {
    const store = new ReplicaStore({ ownerKeyRecordsMax: 2 })
    for (const text of ['a', 'b'])
      expect(offer(store, entryOf({ value: bytesOf(text) }))).toBe('accept')
    expect(offer(store, entryOf({ value: bytesOf('c') }))).toBe('owner-full')
    expect(offer(store, entryOf({ value: bytesOf('c'), floor: 2, sequence: 2 }))).toBe('accept')
    expect(store.recordCount).toBe(1)
  })

  it('limit the records of one owner', () => {
    const store = new ReplicaStore({ ownerRecordsMax: 3 })
    for (const key of ['a', 'b', 'c'])
      expect(offer(store, entryOf({ keyHash: hashKey(key) }))).toBe('accept')
    expect(offer(store, entryOf({ keyHash: hashKey('d') }))).toBe('owner-full')
    expect(offer(store, entryOf({ keyHash: hashKey('d'), owner: 1 }))).toBe('accept')
    store.drop(hashKey('a'))
    expect(offer(store, entryOf({ keyHash: hashKey('e') }))).toBe('accept')
  })

  it('limit the records of the store', () => {
    const store = new ReplicaStore({ recordsMax: 2 })
    for (const key of ['a', 'b']) offer(store, entryOf({ keyHash: hashKey(key) }))
    expect(offer(store, entryOf({ keyHash: hashKey('c') }))).toBe('store-full')
  })

  it('limit the bytes of the store, also when a value grows', () => {
    const store = new ReplicaStore({ bytesMax: 1_000 })
    offer(store, entryOf({ isExclusive: true, value: new Uint8Array(100) }))
    const grown = { isExclusive: true, value: new Uint8Array(900), sequence: 2 }
    expect(offer(store, entryOf(grown))).toBe('store-full')
    expect(store.byteCount).toBe(251)
  })
})

describe('a store', () => {
  it('counts what it holds, and nothing once everything is forgotten', () => {
    const store = new ReplicaStore()
    offer(store, entryOf({ isExclusive: true }))
    offer(store, entryOf({ keyHash: hashKey('b') }))
    offer(store, entryOf({ isExclusive: true, sequence: 2 }))
    expect([store.keyCount, store.recordCount]).toEqual([2, 2])
    store.sweep(1_999)
    expect(store.recordCount).toBe(2)
    store.sweep(2_000)
    expect([store.keyCount, store.recordCount, store.byteCount]).toEqual([0, 0, 0])
    expect(store.sortedFrom('')).toEqual([])
  })

  it('lists keys in order from any place', () => {
    const store = new ReplicaStore()
    for (const key of 'abcdefgh') offer(store, entryOf({ keyHash: hashKey(key) }))
    const names = store.sortedFrom('').map(({ keyHash }) => Buffer.from(keyHash).toString('hex'))
    expect(names).toEqual([...names].sort((a, b) => (a < b ? -1 : 1)))
    expect(store.sortedFrom(names[3] ?? '').length).toBe(5)
    expect(store.sortedFrom(`${names[3]}0`).length).toBe(4)
  })
})

function offer(store: ReplicaStore, entry: Entry): string {
  const outcome = store.offer(entry, LIFE, 0)
  return outcome.kind === 'full' ? outcome.cap : outcome.kind
}

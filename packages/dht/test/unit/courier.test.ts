/** How keys are delivered, and what is read back from the receiver. */
import { toHex } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import type { Entry } from '../../src/entry/entry.ts'
import { hashKey } from '../../src/index.ts'
import { Courier, type CourierModules } from '../../src/replica/courier.ts'
import { ReplicaStore, type StoredKey } from '../../src/store/replica-store.ts'
import { entryOf } from '../helpers/entries.ts'

const HOUR_MS = 3_600_000
const LIFE = { expiresAt: HOUR_MS, keepUntil: HOUR_MS }
const DELIVERY = { isPaced: false, isExchange: true }
const TARGET = { address: entryOf().owner, mode: 'exact' } as const

describe('Courier', () => {
  it('reads back only the keys of which the receiver has more', async () => {
    const [shared, missing, same] = ['shared', 'missing', 'same'].map(hashKey) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const here = storeOf([shared, missing, same].map((keyHash) => entryOf({ keyHash })))
    const there = storeOf([entryOf({ keyHash: shared, owner: 1 }), entryOf({ keyHash: same })])
    const { courier, reads } = courierBetween(here, there)
    const keys = [...here.keys()]
    expect(await courier.deliverAll([{ target: TARGET, keys }], DELIVERY)).toEqual([true])
    expect(reads).toEqual([toHex(shared)])
    for (const keyHash of [shared, missing, same])
      expect(ownersOf(here, keyHash)).toEqual(ownersOf(there, keyHash))
    expect(ownersOf(here, shared)).toHaveLength(2)
    expect(courier.pushedCount).toBe(2)
  })

  it('reads nothing where all is the same', async () => {
    const here = storeOf([entryOf()])
    const { courier, reads } = courierBetween(here, storeOf([entryOf()]))
    await courier.deliverAll([{ target: TARGET, keys: [...here.keys()] }], DELIVERY)
    expect(reads).toEqual([])
    expect(courier.pushedCount).toBe(0)
  })
})

function storeOf(entries: readonly Entry[]): ReplicaStore {
  const store = new ReplicaStore()
  for (const entry of entries) store.offer(entry, LIFE, 0)
  return store
}

function ownersOf(store: ReplicaStore, keyHash: Uint8Array): string[] {
  const records = store.get(keyHash)?.records.current(0) ?? []
  return records.map(({ entry }) => entry.owner.key).sort()
}

/** Returns a courier whose every receiver has the store `there`, and the keys that were read from it. */
function courierBetween(here: ReplicaStore, there: ReplicaStore) {
  const reads: string[] = []
  const digestIn = (store: ReplicaStore, keyHash: Uint8Array): string =>
    toHex(store.get(keyHash)?.records.digest(0) ?? new Uint8Array())
  const entriesOf = (key: StoredKey | undefined): Entry[] =>
    key?.records.current(0).map(({ entry }) => entry) ?? []
  const peer: Pick<CourierModules['peer'], 'offer' | 'push' | 'get'> = {
    offer: async (_, offers) =>
      offers.filter(({ keyHash, digest }) => digestIn(there, keyHash) !== toHex(digest)),
    push: async (_, entries) => {
      const all = [...here.keys()].flatMap(entriesOf)
      for (const { bytes } of entries)
        there.offer(all.find((entry) => entry.bytes === bytes) as Entry, LIFE, 0)
      return entries.length
    },
    get: async (_, keyHash) => {
      reads.push(toHex(keyHash))
      return entriesOf(there.get(keyHash)).map((entry) => ({ entry, remainingMs: HOUR_MS }))
    },
  }
  const intake = { admitEntry: (entry: Entry) => here.offer(entry, LIFE, 0) }
  const modules = { peer, intake, clock: { now: () => 0 }, log: { write: () => undefined } }
  return { courier: new Courier(modules as unknown as CourierModules), reads }
}

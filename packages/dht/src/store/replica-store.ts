/** The entries that one node stores for the ring: merged, capped, expiring. */
import type { Address } from '@ipop/address'
import { toHex } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import type { Entry } from '../entry/entry.ts'
import {
  KEY_RECORDS_MAX,
  OWNER_KEY_RECORDS_MAX,
  OWNER_RECORDS_MAX,
  STORE_BYTES_MAX,
  STORE_RECORDS_MAX,
} from '../limits.ts'
import { replicaPositions } from '../placement/placement.ts'
import type { KeyedEntry } from '../wire/held-entry.ts'
import { KeyRecords, type Lifetime, type MergeOutcome, type StoredRecord } from './key-records.ts'

/** A key that something is stored for. */
export interface StoredKey {
  readonly keyHash: Uint8Array
  /** The eight replica positions. */
  readonly positions: readonly Address[]
  readonly records: KeyRecords
}

/** Which cap refused an entry. */
export type StoreCap = 'key-full' | 'owner-full' | 'store-full'

/** What became of an offered entry. */
export type OfferOutcome = MergeOutcome | { readonly kind: 'full'; readonly cap: StoreCap }

/** Sizes that a store can be given instead of the defaults. */
export interface StoreLimits {
  readonly keyRecordsMax?: number
  readonly ownerKeyRecordsMax?: number
  readonly ownerRecordsMax?: number
  readonly recordsMax?: number
  readonly bytesMax?: number
}

/** Stores verified entries. */
export class ReplicaStore {
  readonly #keys = new Map<string, StoredKey>()
  readonly #ownerRecords = new Map<string, number>()
  readonly #limits: Required<StoreLimits>
  /** All keys in order, made when it is needed and thrown away when keys come or go. */
  #sorted: [string, StoredKey][] | undefined
  #recordCount = 0
  #byteCount = 0

  constructor(limits: StoreLimits = {}) {
    this.#limits = {
      keyRecordsMax: limits.keyRecordsMax ?? KEY_RECORDS_MAX,
      ownerKeyRecordsMax: limits.ownerKeyRecordsMax ?? OWNER_KEY_RECORDS_MAX,
      ownerRecordsMax: limits.ownerRecordsMax ?? OWNER_RECORDS_MAX,
      recordsMax: limits.recordsMax ?? STORE_RECORDS_MAX,
      bytesMax: limits.bytesMax ?? STORE_BYTES_MAX,
    }
  }

  /** How many records there are, invisible ones included. */
  get recordCount(): number {
    return this.#recordCount
  }

  /** Returns how many records count at `now`. */
  countAt(now: Instant): number {
    let count = 0
    for (const key of this.#keys.values()) {
      for (const record of key.records.all()) if (record.expiresAt > now) count++
    }
    return count
  }

  /** Bytes of all entries. */
  get byteCount(): number {
    return this.#byteCount
  }

  /** How many keys there are. */
  get keyCount(): number {
    return this.#keys.size
  }

  /** Returns every key. */
  keys(): Iterable<StoredKey> {
    return this.#keys.values()
  }

  /** Returns the keys whose hash is at least `from` (hex), in order. */
  sortedFrom(from: string): readonly StoredKey[] {
    this.#sorted ??= [...this.#keys].sort(([a], [b]) => (a < b ? -1 : 1))
    let low = 0
    for (let high = this.#sorted.length; low < high;) {
      const middle = (low + high) >> 1
      if ((this.#sorted[middle]?.[0] ?? '') < from) low = middle + 1
      else high = middle
    }
    return this.#sorted.slice(low).map(([, key]) => key)
  }

  /** Returns what is stored for a key. */
  get(keyHash: Uint8Array): StoredKey | undefined {
    return this.#keys.get(toHex(keyHash))
  }

  /** Offers a verified entry; it is stored if it is new, stands and fits. */
  offer(entry: Entry, life: Lifetime, now: Instant): OfferOutcome {
    const name = toHex(entry.keyHash)
    const key = this.#keys.get(name) ?? newKey(entry.keyHash)
    this.#forget(key.records.sweep(now))
    const outcome = key.records.judge(entry, life, now)
    if (outcome.kind !== 'accept') return outcome
    const cap = this.#capAgainst(entry, key.records, outcome.removed)
    if (cap) return { kind: 'full', cap }
    key.records.accept(outcome.record, outcome.removed)
    this.#forget(outcome.removed)
    this.#remember(entry)
    if (!this.#keys.has(name)) this.#sorted = undefined
    this.#keys.set(name, key)
    return outcome
  }

  /** Removes everything stored for a key. */
  drop(keyHash: Uint8Array): void {
    const name = toHex(keyHash)
    const key = this.#keys.get(name)
    if (!key) return
    this.#forget([...key.records.all()])
    this.#remove(name)
  }

  /** Removes what has expired and need not be remembered. */
  sweep(now: Instant): void {
    for (const [name, key] of this.#keys) {
      this.#forget(key.records.sweep(now))
      if (key.records.size === 0) this.#remove(name)
    }
  }

  #remove(name: string): void {
    this.#keys.delete(name)
    this.#sorted = undefined
  }

  #capAgainst(
    entry: Entry,
    records: KeyRecords,
    removed: readonly StoredRecord[],
  ): StoreCap | undefined {
    const freed = removed.reduce((sum, record) => sum + record.entry.bytes.length, 0)
    const limits = this.#limits
    if (this.#byteCount - freed + entry.bytes.length > limits.bytesMax) return 'store-full'
    if (removed.some((record) => record.entry.owner.equals(entry.owner))) return undefined
    const ownerRecords = this.#ownerRecords.get(entry.owner.key) ?? 0
    if (ownerRecords >= limits.ownerRecordsMax) return 'owner-full'
    if (countOf(records, entry.owner) >= limits.ownerKeyRecordsMax) return 'owner-full'
    if (removed.length > 0) return undefined
    if (records.size >= limits.keyRecordsMax) return 'key-full'
    return this.#recordCount >= limits.recordsMax ? 'store-full' : undefined
  }

  #remember(entry: Entry): void {
    this.#recordCount++
    this.#byteCount += entry.bytes.length
    this.#ownerRecords.set(entry.owner.key, (this.#ownerRecords.get(entry.owner.key) ?? 0) + 1)
  }

  #forget(records: readonly StoredRecord[]): void {
    for (const { entry } of records) {
      this.#recordCount--
      this.#byteCount -= entry.bytes.length
      const left = (this.#ownerRecords.get(entry.owner.key) ?? 0) - 1
      if (left > 0) this.#ownerRecords.set(entry.owner.key, left)
      else this.#ownerRecords.delete(entry.owner.key)
    }
  }
}

/** Returns what counts of a key at `now`, ready to be sent. */
export function heldEntries(key: StoredKey | undefined, now: Instant): KeyedEntry[] {
  return (key?.records.current(now) ?? []).map(({ entry, expiresAt }) => ({
    keyHash: entry.keyHash,
    bytes: entry.bytes,
    remainingMs: expiresAt - now,
  }))
}

function newKey(ownedKeyHash: Uint8Array): StoredKey {
  return {
    keyHash: ownedKeyHash,
    positions: replicaPositions(ownedKeyHash),
    records: new KeyRecords(),
  }
}

function countOf(records: KeyRecords, owner: Address): number {
  let count = 0
  for (const { entry } of records.all()) if (entry.owner.equals(owner)) count++
  return count
}

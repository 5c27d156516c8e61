/** All records of one key, and how a new entry meets them. Replicas and readers merge with the same code. */
import { createHash } from 'node:crypto'
import type { Instant } from '@ipop/runtime'
import { areRivals, supersedes, winsOver } from '../entry/claim.ts'
import type { Entry } from '../entry/entry.ts'

/** An entry as it is stored. */
export interface StoredRecord {
  readonly entry: Entry
  /** Until then it counts. */
  readonly expiresAt: Instant
  /** Until then it is remembered, so that an older version with a longer life cannot come back. */
  readonly keepUntil: Instant
}

/** What becomes of a new entry. */
export type MergeOutcome =
  | {
      readonly kind: 'accept'
      readonly removed: readonly StoredRecord[]
      readonly keepUntil: Instant
    }
  /** It is stored already. */
  | { readonly kind: 'same' }
  /** Its owner wrote something newer. */
  | { readonly kind: 'stale'; readonly current: StoredRecord }
  /** Somebody else's entry stands. */
  | { readonly kind: 'conflict'; readonly holder: StoredRecord }

/** Bytes of a digest of all records of a key. */
export const DIGEST_BYTES = 8

/** The records of one key, one per slot. */
export class KeyRecords {
  readonly #records = new Map<string, StoredRecord>()

  /** How many records there are, invisible ones included. */
  get size(): number {
    return this.#records.size
  }

  /** Returns the record of a slot. */
  get(slotId: string): StoredRecord | undefined {
    return this.#records.get(slotId)
  }

  /** Returns every record, invisible ones included. */
  all(): Iterable<StoredRecord> {
    return this.#records.values()
  }

  /** Returns what counts at `now`, withdrawals and tentative claims included, in the order of slots. */
  current(now: Instant): StoredRecord[] {
    return [...this.#records.values()]
      .filter((record) => record.expiresAt > now)
      .sort((a, b) => (a.entry.slotId < b.entry.slotId ? -1 : 1))
  }

  /** Returns what a reader is shown at `now`. */
  visible(now: Instant): StoredRecord[] {
    return this.current(now).filter(({ entry }) => !entry.isReleased && !entry.isTentative)
  }

  /** Returns eight bytes that are equal where the same records count. */
  digest(now: Instant): Uint8Array {
    const hash = createHash('sha256')
    for (const { entry } of this.current(now)) hash.update(entry.signature)
    return new Uint8Array(hash.digest()).slice(0, DIGEST_BYTES)
  }

  /** Returns what becomes of `entry`, without changing anything. */
  judge(entry: Entry, expiresAt: Instant, now: Instant): MergeOutcome {
    const removed: StoredRecord[] = []
    let keepUntil = expiresAt
    let holder: StoredRecord | undefined
    for (const record of this.#records.values()) {
      if (record.entry.owner.equals(entry.owner)) {
        const order = compareVersions(entry, record, now)
        if (order === 'same') return { kind: 'same' }
        if (order === 'older') return { kind: 'stale', current: record }
        if (order === 'unrelated') continue
        keepUntil = Math.max(keepUntil, record.keepUntil)
        removed.push(record)
      } else if (isInTheWay(record, entry, now)) {
        // A tentative claim displaces nothing: it only becomes an entry once a majority found the key free.
        if (!entry.isTentative && winsOver(entry, record.entry)) removed.push(record)
        else if (!holder || winsOver(record.entry, holder.entry)) holder = record
      }
    }
    return holder ? { kind: 'conflict', holder } : { kind: 'accept', removed, keepUntil }
  }

  /** Carries out an `accept`. */
  accept(record: StoredRecord, removed: readonly StoredRecord[]): void {
    for (const old of removed) this.#records.delete(old.entry.slotId)
    this.#records.set(record.entry.slotId, record)
  }

  /** Judges `entry` and stores it if it is accepted. */
  merge(entry: Entry, expiresAt: Instant, now: Instant): MergeOutcome {
    const outcome = this.judge(entry, expiresAt, now)
    if (outcome.kind === 'accept')
      this.accept({ entry, expiresAt, keepUntil: outcome.keepUntil }, outcome.removed)
    return outcome
  }

  /** Removes what need not be remembered at `now` and returns it. */
  sweep(now: Instant): StoredRecord[] {
    const gone = [...this.#records.values()].filter((record) => record.keepUntil <= now)
    for (const record of gone) this.#records.delete(record.entry.slotId)
    return gone
  }
}

/** Returns whether another owner's record counts against `entry`. */
function isInTheWay(record: StoredRecord, entry: Entry, now: Instant): boolean {
  const stored = record.entry
  if (stored.isReleased || entry.isReleased) return false
  return record.expiresAt > now && areRivals(stored, entry)
}

/** Compares a new entry with a stored one of the same owner. */
function compareVersions(
  entry: Entry,
  { entry: stored, expiresAt }: StoredRecord,
  now: Instant,
): 'newer' | 'older' | 'same' | 'unrelated' {
  // What has expired only guards its number: a new claim may follow it.
  if (expiresAt <= now && entry.sequence > stored.sequence && entry.slotId === stored.slotId)
    return 'newer'
  if (supersedes(entry, stored)) return 'newer'
  if (supersedes(stored, entry)) return 'older'
  if (entry.slotId !== stored.slotId) return 'unrelated'
  // Two versions with one number: an owner that signs both must not make replicas disagree for ever.
  const order = Buffer.compare(entry.bytes, stored.bytes)
  return order === 0 ? 'same' : order > 0 ? 'newer' : 'older'
}

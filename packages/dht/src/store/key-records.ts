/** All records of one key, and how a new entry meets them. Replicas and readers merge with the same code. */
import { createHash } from 'node:crypto'
import type { Instant } from '@ipop/runtime'
import { areRivals, winsOver } from '../entry/claim.ts'
import type { Entry } from '../entry/entry.ts'

/** How long an entry matters. */
export interface Lifetime {
  /** Until then it counts. */
  readonly expiresAt: Instant
  /** Until then it is remembered, so that neither a copy of it nor an older version can come back. */
  readonly keepUntil: Instant
}

/** An entry as it is stored. */
export interface StoredRecord extends Lifetime {
  readonly entry: Entry
}

/** What becomes of a new entry. */
export type MergeOutcome =
  | {
      readonly kind: 'accept'
      readonly record: StoredRecord
      readonly removed: readonly StoredRecord[]
    }
  /** It is stored already. */
  | { readonly kind: 'same' }
  /** It was stored until its life ended; what comes now is a replay. */
  | { readonly kind: 'expired' }
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
  judge(entry: Entry, life: Lifetime, now: Instant): MergeOutcome {
    const removed: StoredRecord[] = []
    let { keepUntil } = life
    let holder: StoredRecord | undefined
    for (const stored of this.#records.values()) {
      if (stored.entry.owner.equals(entry.owner)) {
        const order = compareVersions(entry, stored, now)
        if (order === 'same') return { kind: stored.expiresAt > now ? 'same' : 'expired' }
        if (order === 'older') return { kind: 'stale', current: stored }
        if (order === 'unrelated') continue
        keepUntil = Math.max(keepUntil, stored.keepUntil)
        removed.push(stored)
      } else if (isInTheWay(stored, entry, now)) {
        // A tentative claim displaces nothing: it only becomes an entry once a majority found the key free.
        if (!entry.isTentative && winsOver(entry, stored.entry)) removed.push(stored)
        else if (!holder || winsOver(stored.entry, holder.entry)) holder = stored
      }
    }
    if (holder) return { kind: 'conflict', holder }
    return { kind: 'accept', record: { entry, expiresAt: life.expiresAt, keepUntil }, removed }
  }

  /** Carries out an `accept`. */
  accept(record: StoredRecord, removed: readonly StoredRecord[]): void {
    for (const old of removed) this.#records.delete(old.entry.slotId)
    this.#records.set(record.entry.slotId, record)
  }

  /** Judges `entry` and stores it if it is accepted. */
  merge(entry: Entry, life: Lifetime, now: Instant): MergeOutcome {
    const outcome = this.judge(entry, life, now)
    if (outcome.kind === 'accept') this.accept(outcome.record, outcome.removed)
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
  stored: StoredRecord,
  now: Instant,
): 'newer' | 'older' | 'same' | 'unrelated' {
  const old = stored.entry
  // Whoever forgot what it was granted and claims it anew is told, and gets nothing new.
  const isGranted = old.isExclusive && !old.isTentative && !old.isReleased
  if (entry.isTentative && !entry.isReleased && isGranted && stored.expiresAt > now) return 'older'
  if (entry.sequence < old.floor) return 'older'
  if (old.sequence < entry.floor) return 'newer'
  if (entry.slotId !== old.slotId) return 'unrelated'
  if (entry.sequence !== old.sequence) return entry.sequence > old.sequence ? 'newer' : 'older'
  // Two versions with one number: an owner that signs both must not make replicas disagree for ever.
  const order = Buffer.compare(entry.bytes, old.bytes)
  return order === 0 ? 'same' : order > 0 ? 'newer' : 'older'
}

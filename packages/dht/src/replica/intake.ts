/** The one way into a replica's store: check the entry, limit its life, merge it. */
import type { Clock, Instant, Log } from '@ipop/runtime'
import { remainingMsOf, replayableMsOf, type Entry, type EntryFault } from '../entry/entry.ts'
import type { EntryChecker } from '../entry/entry-checker.ts'
import type { StoredRecord } from '../store/key-records.ts'
import type { OfferOutcome, ReplicaStore } from '../store/replica-store.ts'

/** What became of bytes that claim to be an entry. */
export type AdmitOutcome =
  | Exclude<OfferOutcome, { kind: 'expired' }>
  | { readonly kind: 'refused'; readonly fault: EntryFault }

/** What an intake is built from. */
export interface IntakeModules {
  readonly store: ReplicaStore
  readonly checker: EntryChecker
  readonly clock: Pick<Clock, 'now'>
  readonly wallTimeMs: () => number
  readonly log: Log
}

/** Admits entries to a store. */
export class Intake {
  readonly #modules: IntakeModules

  constructor(modules: IntakeModules) {
    this.#modules = modules
  }

  /** Returns the verified entry in `bytes`, or what is wrong with it. */
  check(keyHash: Uint8Array, bytes: Uint8Array): Entry | EntryFault {
    return this.#modules.checker.check(keyHash, bytes)
  }

  /** Admits bytes that may live for another `claimedMs`. */
  admit(keyHash: Uint8Array, bytes: Uint8Array, claimedMs = Infinity): AdmitOutcome {
    const entry = this.check(keyHash, bytes)
    return typeof entry === 'string'
      ? { kind: 'refused', fault: entry }
      : this.admitEntry(entry, claimedMs)
  }

  /** Admits a verified entry that may live for another `claimedMs`. */
  admitEntry(entry: Entry, claimedMs = Infinity): AdmitOutcome {
    const { store, clock, wallTimeMs, log } = this.#modules
    const wallMs = wallTimeMs()
    const remainingMs = remainingMsOf(entry, claimedMs, wallMs)
    if (remainingMs <= 0) return { kind: 'refused', fault: 'expired' }
    const now = clock.now()
    const life = { expiresAt: now + remainingMs, keepUntil: now + replayableMsOf(entry, wallMs) }
    const outcome = store.offer(entry, life, now)
    if (outcome.kind === 'expired') return { kind: 'refused', fault: 'expired' }
    if (outcome.kind === 'accept') logDisplaced(log, entry, outcome.removed)
    if (outcome.kind === 'full')
      log.write('warn', 'dht store refuses an entry', { cap: outcome.cap, owner: entry.owner })
    return outcome
  }

  /** Returns how long a record still lives. */
  remainingMs(record: StoredRecord, now: Instant = this.#modules.clock.now()): number {
    return Math.max(0, record.expiresAt - now)
  }
}

function logDisplaced(log: Log, entry: Entry, removed: readonly StoredRecord[]): void {
  for (const { entry: old } of removed) {
    if (old.owner.equals(entry.owner)) continue
    log.write('info', 'dht entry gives way to an older claim', {
      winner: entry.owner,
      loser: old.owner,
    })
  }
}

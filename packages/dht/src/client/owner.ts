/** Signs what this node wants to store, and takes it back. */
import {
  CLAIM_TTL_SECONDS_MAX,
  CLOCK_SKEW_MAX_MS,
  TTL_SECONDS_MAX,
  WRITE_QUORUM,
  WRITE_ROUNDS_MAX,
} from '../limits.ts'
import { winsOver } from '../entry/claim.ts'
import { signEntry, valueDigest, type Entry, type EntrySigner } from '../entry/entry.ts'
import { DhtError } from '../errors.ts'
import type { OwnEntries } from './own-entries.ts'
import type { ReplicaWriter, WriteTally } from './replica-writer.ts'
import type { LiveEntry } from '../replica/replica-peer.ts'
import type { DhtValue } from './value.ts'

/** A value that somebody wants under a key. */
export interface Wish {
  readonly keyHash: Uint8Array
  readonly value: Uint8Array
  readonly ttlSeconds: number
}

interface EntryKind {
  readonly isExclusive?: boolean
  readonly isTentative?: boolean
  readonly isReleased?: boolean
  /** Whether this node's older entries of the key are void. */
  readonly voids?: boolean
  /** What was void already. */
  readonly floor?: number
}

/** What an owner is built from. */
export interface OwnerModules {
  readonly signer: EntrySigner
  readonly own: OwnEntries
  readonly writer: ReplicaWriter
  readonly wallTimeMs: () => number
}

/** Makes entries of this node. */
export class Owner {
  readonly #modules: OwnerModules

  constructor(modules: OwnerModules) {
    this.#modules = modules
  }

  /** Returns whether an entry is this node's. */
  isMine(entry: Entry): boolean {
    return entry.owner.equals(this.#modules.signer.address)
  }

  /** Returns a signed shared value. */
  shared(wish: Wish, claimedAtMs: number, isReplacing: boolean): Entry {
    return this.#sign(wish, claimedAtMs, { voids: isReplacing })
  }

  /** Returns a signed tentative claim; it lives only as long as a create may take. */
  claim(wish: Wish, claimedAtMs: number): Entry {
    const ttlSeconds = Math.min(wish.ttlSeconds, CLAIM_TTL_SECONDS_MAX)
    return this.#sign({ ...wish, ttlSeconds }, claimedAtMs, {
      isExclusive: true,
      isTentative: true,
    })
  }

  /** Returns a signed exclusive entry, for a claim that was granted. */
  granted(wish: Wish, claimedAtMs: number): Entry {
    return this.#sign(wish, claimedAtMs, { isExclusive: true, voids: true })
  }

  /** Withdraws `entry` from all replicas; returns whether a majority agreed. */
  async withdraw(entry: Entry): Promise<boolean> {
    const { writer, own } = this.#modules
    own.forget(entry.keyHash, entry.slotId)
    for (let round = 0; round < WRITE_ROUNDS_MAX; round++) {
      const tally = await writer.write(this.#withdrawal(entry))
      if (tally.stored >= WRITE_QUORUM) return true
      this.learnFrom(tally)
      if (!(await writer.pauseBeforeRetry(round))) return false
    }
    return false
  }

  /** Takes note of newer entries of this node that replicas showed: the next number will be above theirs. */
  learnFrom(tally: WriteTally): void {
    for (const { entry } of tally.newer) this.#modules.own.skipTo(entry.sequence)
  }

  /** A withdrawal lives as long as any copy of what it withdraws might. */
  #withdrawal(entry: Entry): Entry {
    const { wallTimeMs } = this.#modules
    const leftMs = entry.signedAtMs + entry.ttlSeconds * 1_000 + CLOCK_SKEW_MAX_MS - wallTimeMs()
    const ttlSeconds = Math.min(TTL_SECONDS_MAX, Math.max(1, Math.ceil(leftMs / 1_000)))
    const value = entry.isExclusive ? new Uint8Array() : valueDigest(entry.value)
    const { keyHash, isExclusive, isTentative, claimedAtMs } = entry
    return this.#sign({ keyHash, value, ttlSeconds }, claimedAtMs, {
      isExclusive,
      isTentative,
      isReleased: true,
      floor: entry.floor,
    })
  }

  #sign(wish: Wish, claimedAtMs: number, kind: EntryKind): Entry {
    const { signer, own, wallTimeMs } = this.#modules
    const { voids, floor, ...flags } = kind
    const signedAtMs = Math.floor(wallTimeMs())
    const sequence = own.nextSequence()
    return signEntry(signer, {
      ...{ ...wish, ...flags, signedAtMs, sequence },
      claimedAtMs: Math.min(Math.floor(claimedAtMs), signedAtMs),
      floor: voids ? sequence : Math.max(floor ?? 0, own.floorOf(wish.keyHash)),
    })
  }
}

/** Returns what a caller is shown of an entry. */
export function valueOf({ entry, remainingMs }: LiveEntry): DhtValue {
  return {
    value: entry.value,
    ageSeconds: Math.max(0, entry.ttlSeconds - remainingMs / 1_000),
    ttlSeconds: remainingMs / 1_000,
    owner: entry.owner,
  }
}

/** Returns the error that a failed write ends with. */
export function writeError(tally: WriteTally): DhtError {
  const counts = { wanted: WRITE_QUORUM, received: tally.stored }
  // A reason is the cause if the write would have got its majority without it.
  const isCause = (matches: (reason: string) => boolean) => {
    const refusals = tally.reasons.filter(matches).length
    return refusals > 0 && tally.stored + refusals >= WRITE_QUORUM
  }
  if (isCause((reason) => reason === 'future' || reason === 'expired'))
    return new DhtError({ code: 'DHT_CLOCK_SKEW', ...counts })
  if (isCause((reason) => reason.endsWith('-full')))
    return new DhtError({ code: 'DHT_STORE_FULL', ...counts })
  const rival = strongest(tally.rivals)
  if (rival) return new DhtError({ code: 'DHT_ENTRY_EXISTS', holder: valueOf(rival) })
  return new DhtError({ code: 'DHT_QUORUM_FAILED', ...counts })
}

function strongest(rivals: readonly LiveEntry[]): LiveEntry | undefined {
  const [first, ...others] = rivals
  return others.reduce((best, rival) => {
    return best && winsOver(rival.entry, best.entry) ? rival : best
  }, first)
}

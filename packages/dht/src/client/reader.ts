/** Reads a key from its replicas and repairs the ones that lag behind. */
import type { Instant } from '@ipop/runtime'
import { DhtError } from '../errors.ts'
import {
  READ_CERTAIN,
  READ_QUORUM,
  REPAIR_COOLDOWN_MS,
  REPAIRED_KEYS_MAX,
  REPAIRS_PENDING_MAX,
  WRITE_QUORUM,
} from '../limits.ts'
import type { DhtModules } from '../modules.ts'
import type { Pauses } from '../pauses.ts'
import { replicaPositions } from '../placement/placement.ts'
import type { LiveEntry, ReplicaPeer } from '../replica/replica-peer.ts'
import { KeyRecords, type StoredRecord } from '../store/key-records.ts'
import { toHex } from '@ipop/codec'
import { gather, type Gathered, type Verdict } from './gather.ts'

/** What a reader is built from. */
export interface ReaderModules extends Pick<DhtModules, 'clock' | 'log'> {
  readonly peer: ReplicaPeer
  readonly pauses: Pauses
}

type ReplicaContents = readonly LiveEntry[]

/** Reads keys. */
export class Reader {
  readonly #modules: ReaderModules
  readonly #repairedAt = new Map<string, Instant>()
  #repairsPending = 0
  /** Entries that reads have pushed to replicas. */
  repairedCount = 0

  constructor(modules: ReaderModules) {
    this.#modules = modules
  }

  /**
   * Returns everything known about a key, merged. One validly signed copy is enough, but a replica without one proves
   * nothing: the read goes on until no acknowledged value can be missing, or everybody had their chance.
   */
  async read(keyHash: Uint8Array): Promise<KeyRecords> {
    const { pauses, clock } = this.#modules
    const result = await gather(pauses, this.#questions(keyHash), (state) =>
      verdictOf(state, clock.now()),
    )
    this.#requireQuorum(result)
    void this.#repairLater(keyHash, result.settled)
    return mergeAll(result.answers, clock.now())
  }

  /** Brings all replicas of a key to what a read finds; resolves when that was tried. */
  async readAndRepair(keyHash: Uint8Array): Promise<KeyRecords> {
    const { pauses, clock } = this.#modules
    const result = await gather(pauses, this.#questions(keyHash), () => 'wait')
    this.#requireQuorum(result)
    await this.#repair(keyHash, result)
    return mergeAll(result.answers, clock.now())
  }

  #requireQuorum(state: Gathered<ReplicaContents>): void {
    if (state.answered >= READ_QUORUM) return
    const counts = { wanted: READ_QUORUM, received: state.answered }
    const code = this.#modules.pauses.isClosed ? 'DHT_CLOSED' : 'DHT_QUORUM_FAILED'
    throw new DhtError({ code, ...counts })
  }

  #questions(keyHash: Uint8Array): (() => Promise<ReplicaContents>)[] {
    return replicaPositions(keyHash).map(
      (address) => () => this.#modules.peer.get({ address, mode: 'greedy' }, keyHash),
    )
  }

  async #repairLater(
    keyHash: Uint8Array,
    settled: Promise<Gathered<ReplicaContents>>,
  ): Promise<void> {
    const { clock, log } = this.#modules
    const name = toHex(keyHash)
    const last = this.#repairedAt.get(name)
    if (last !== undefined && clock.now() - last < REPAIR_COOLDOWN_MS) return
    if (this.#repairsPending >= REPAIRS_PENDING_MAX) return
    this.#noteRepair(name)
    this.#repairsPending++
    try {
      await this.#repair(keyHash, await settled)
    } catch (error) {
      log.write('debug', 'dht read repair failed', { error })
    } finally {
      this.#repairsPending--
    }
  }

  async #repair(keyHash: Uint8Array, state: Gathered<ReplicaContents>): Promise<void> {
    const { peer, clock } = this.#modules
    const now = clock.now()
    const standing = mergeAll(state.answers, now).current(now)
    const positions = replicaPositions(keyHash)
    const pushes = state.answers.map(async (contents, index) => {
      const address = positions[index]
      if (!contents || !address) return
      const missing = standing.filter((record) => !holds(contents, record))
      const entries = missing.map(({ entry, expiresAt }) => ({
        ...{ keyHash, bytes: entry.bytes },
        remainingMs: expiresAt - now,
      }))
      if (entries.length > 0)
        this.repairedCount += await peer.push({ address, mode: 'greedy' }, entries)
    })
    await Promise.allSettled(pushes)
  }

  #noteRepair(name: string): void {
    this.#repairedAt.delete(name)
    const oldest = this.#repairedAt.keys().next()
    if (this.#repairedAt.size >= REPAIRED_KEYS_MAX && !oldest.done)
      this.#repairedAt.delete(oldest.value)
    this.#repairedAt.set(name, this.#modules.clock.now())
  }
}

function verdictOf(state: Gathered<ReplicaContents>, now: Instant): Verdict {
  if (state.answered >= READ_CERTAIN) return 'done'
  if (state.answered < READ_QUORUM) return 'wait'
  const visible = mergeAll(state.answers, now).visible(now)
  if (visible.length === 0) return 'wait'
  const copies = visible.map(
    (record) => state.answers.filter((contents) => contents && holds(contents, record)).length,
  )
  return copies.every((count) => count >= WRITE_QUORUM) ? 'done' : 'grace'
}

function mergeAll(answers: readonly (ReplicaContents | undefined)[], now: Instant): KeyRecords {
  const merged = new KeyRecords()
  const freshest = new Map<string, LiveEntry>()
  for (const live of answers.flatMap((contents) => contents ?? [])) {
    // What nobody granted yet is invisible, and must not stand in the way of what is.
    if (live.entry.isTentative) continue
    const known = freshest.get(live.entry.slotId)
    if (!known || isFresher(live, known)) freshest.set(live.entry.slotId, live)
  }
  for (const { entry, remainingMs } of freshest.values()) {
    const expiresAt = now + remainingMs
    merged.merge(entry, { expiresAt, keepUntil: expiresAt }, now)
  }
  return merged
}

/** Of copies of one version the one with the longest life counts: the others lost some on the way. */
function isFresher(a: LiveEntry, b: LiveEntry): boolean {
  if (a.entry.sequence !== b.entry.sequence) return a.entry.sequence > b.entry.sequence
  const order = Buffer.compare(a.entry.bytes, b.entry.bytes)
  return order === 0 ? a.remainingMs > b.remainingMs : order > 0
}

function holds(contents: ReplicaContents, record: StoredRecord): boolean {
  return contents.some(({ entry }) => Buffer.compare(entry.bytes, record.entry.bytes) === 0)
}

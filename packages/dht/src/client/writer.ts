/** Puts, creates and releases values of this node. */
import { equalBytes, toHex } from '@ipop/codec'
import type { Clock, Log } from '@ipop/runtime'
import { winsOver } from '../entry/claim.ts'
import type { Entry } from '../entry/entry.ts'
import { CREATE_ROUNDS_MAX, WRITE_QUORUM, WRITE_ROUNDS_MAX } from '../limits.ts'
import type { OwnEntries } from './own-entries.ts'
import { writeError, type Owner, type Wish } from './owner.ts'
import type { Reader } from './reader.ts'
import type { ReplicaWriter, WriteTally } from './replica-writer.ts'
import { Turns } from './turns.ts'

/** What a writer is built from. */
export interface WriterModules {
  readonly reader: Reader
  readonly writer: ReplicaWriter
  readonly own: OwnEntries
  readonly owner: Owner
  readonly clock: Pick<Clock, 'now'>
  readonly wallTimeMs: () => number
  readonly log: Log
}

/** Stores values of this node in the ring. Every method rejects with a DhtError. */
export class Writer {
  readonly #modules: WriterModules
  readonly #turns = new Turns()

  constructor(modules: WriterModules) {
    this.#modules = modules
  }

  /** Adds a value to a key, or renews it; `isReplacing` withdraws the other values of this node. */
  put(wish: Wish, isReplacing: boolean): Promise<void> {
    return this.#inTurn(wish.keyHash, () => this.#put(wish, isReplacing))
  }

  /** Takes a key for this node alone, or renews it. */
  create(wish: Wish): Promise<void> {
    return this.#inTurn(wish.keyHash, () => this.#create(wish))
  }

  /** Withdraws this node's value (or all of its values) from a key; false when there was none or too few agreed. */
  release(keyHash: Uint8Array, value?: Uint8Array): Promise<boolean> {
    return this.#inTurn(keyHash, () => this.#release(keyHash, value))
  }

  #inTurn<T>(keyHash: Uint8Array, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(toHex(keyHash), work)
  }

  async #put(wish: Wish, isReplacing: boolean): Promise<void> {
    const { own, owner, wallTimeMs } = this.#modules
    const known = own
      .live(wish.keyHash)
      .find(({ entry }) => !entry.isExclusive && equalBytes(entry.value, wish.value))
    const claimedAtMs = known?.entry.claimedAtMs ?? wallTimeMs()
    await this.#write(() => owner.shared(wish, claimedAtMs, isReplacing), known === undefined)
  }

  /**
   * First a tentative claim: replicas admit it only where the key is free, so at most one claim gets a majority. Then the entry itself, which replicas prefer to any tentative one.
   */
  async #create(wish: Wish): Promise<void> {
    const { own, owner, writer, wallTimeMs } = this.#modules
    const held = own.live(wish.keyHash).find(({ entry }) => entry.isExclusive)
    if (held) return this.#grant(wish, held.entry.claimedAtMs, false)
    const claimedAtMs = wallTimeMs()
    let claim = owner.claim(wish, claimedAtMs)
    let tally = await writer.write(claim)
    for (let round = 0; ; round++) {
      owner.learnFrom(tally)
      const mine = await this.#ownGrant(tally)
      if (mine) return this.#grant(wish, mine.claimedAtMs, false)
      if (await this.#isTaken(claim, tally)) break
      if (tally.stored >= WRITE_QUORUM) return this.#grant(wish, claimedAtMs, true)
      await this.#makeRoom(claim, tally)
      const isLast = round >= (tally.rivals.length > 0 ? CREATE_ROUNDS_MAX : WRITE_ROUNDS_MAX) - 1
      if (isLast || !(await writer.pauseBeforeRetry(round))) break
      // Signed anew, because the one before would soon expire; the time of the claim stays, and with it its place.
      claim = owner.claim(wish, claimedAtMs)
      tally = await writer.write(claim)
    }
    await owner.withdraw(claim)
    throw writeError(tally)
  }

  async #release(keyHash: Uint8Array, value?: Uint8Array): Promise<boolean> {
    const { own, owner, reader, clock } = this.#modules
    const isMeant = (entry: Entry) => !value || equalBytes(entry.value, value)
    let mine = own
      .live(keyHash)
      .map(({ entry }) => entry)
      .filter(isMeant)
    if (mine.length === 0) {
      const records = await reader.read(keyHash)
      const found = records.visible(clock.now()).map(({ entry }) => entry)
      mine = found.filter((entry) => owner.isMine(entry) && isMeant(entry))
    }
    const results = await Promise.all(mine.map((entry) => owner.withdraw(entry)))
    return results.length > 0 && results.every(Boolean)
  }

  /** Writes the entry that a majority agreed to, or renews it. */
  async #grant(wish: Wish, claimedAtMs: number, isNew: boolean): Promise<void> {
    await this.#write(() => this.#modules.owner.granted(wish, claimedAtMs), isNew)
  }

  /** Writes an entry until a majority stored it; a new one that fails is withdrawn again. */
  async #write(sign: () => Entry, isNew: boolean): Promise<void> {
    const { owner, own, writer } = this.#modules
    let entry = sign()
    let tally = await writer.write(entry)
    for (let round = 0; ; round++) {
      if (await this.#isTaken(entry, tally)) {
        await owner.withdraw(entry)
        throw writeError(tally)
      }
      if (tally.stored >= WRITE_QUORUM) return own.remember(entry)
      owner.learnFrom(tally)
      const isLast = round >= WRITE_ROUNDS_MAX - 1
      if (isLast || !(await writer.pauseBeforeRetry(round))) break
      if (tally.newer.length > 0) entry = sign()
      tally = await writer.write(entry)
    }
    if (isNew && entry.isExclusive) await owner.withdraw(entry)
    throw writeError(tally)
  }

  /**
   * Returns whether somebody else has the key for certain. A replica may have missed the holder's withdrawal, so a holder
   * is looked up, and the others repaired, before it is believed.
   */
  async #isTaken(entry: Entry, tally: WriteTally): Promise<boolean> {
    const { reader, clock, owner } = this.#modules
    const isStronger = (rival: Entry) =>
      !owner.isMine(rival) && !rival.isTentative && (entry.isTentative || winsOver(rival, entry))
    if (!tally.rivals.some((rival) => isStronger(rival.entry))) return false
    const records = await reader.readAndRepair(entry.keyHash).catch(() => undefined)
    // Too few answered: nothing is certain, the next round will show.
    if (!records) return false
    return records.visible(clock.now()).some((record) => isStronger(record.entry))
  }

  /** Returns the granted entry that this node has forgotten but replicas remember, unless it was withdrawn since. */
  async #ownGrant(tally: WriteTally): Promise<Entry | undefined> {
    const { reader, clock, owner } = this.#modules
    const known = tally.newer.find(({ entry }) => isGranted(entry))
    if (!known) return undefined
    const records = await reader.readAndRepair(known.entry.keyHash).catch(() => undefined)
    const granted = (records?.visible(clock.now()) ?? []).map(({ entry }) => entry)
    return granted.find((entry) => owner.isMine(entry) && isGranted(entry))
  }

  /** Decides between tentative claims that met: the first claim stays and the others make room. */
  async #makeRoom(claim: Entry, tally: WriteTally): Promise<void> {
    const { owner, log } = this.#modules
    if (!tally.rivals.some((rival) => winsOver(rival.entry, claim))) return
    log.write('debug', 'dht claim gives way to an earlier one', { rivals: tally.rivals.length })
    await owner.withdraw(claim)
  }
}

function isGranted(entry: Entry): boolean {
  return entry.isExclusive && !entry.isReleased && !entry.isTentative
}

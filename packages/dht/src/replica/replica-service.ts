/** What a node answers as a replica: the handlers of the five methods. */
import type { Address } from '@ipop/address'
import { leftDistance } from '@ipop/address'
import type { CborMap } from '@ipop/codec'
import { concatBytes, equalBytes, fromHex, toHex } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import { OFFERS_MAX, PAGE_ENTRIES_MAX } from '../limits.ts'
import { KEY_HASH_BYTES } from '../placement/placement.ts'
import { Neighborhood } from '../placement/neighborhood.ts'
import type { StoredRecord } from '../store/key-records.ts'
import type { ReplicaStore, StoredKey } from '../store/replica-store.ts'
import { GET_METHOD, readGetRequest, writeGetReply, type GetRequest } from '../wire/get.ts'
import {
  HANDOVER_METHOD,
  readHandoverRequest,
  writeListReply,
  writeOfferReply,
  writePushReply,
  type HandoverRequest,
  type Offer,
} from '../wire/handover.ts'
import type { HeldEntry, KeyedEntry } from '../wire/held-entry.ts'
import {
  COUNT_METHOD,
  DUMP_METHOD,
  readCountRequest,
  readDumpRequest,
  writeCountReply,
  writeDumpReply,
  type DumpRequest,
} from '../wire/inspect.ts'
import { PUT_METHOD, readPutRequest, writePutReply, type PutRequest } from '../wire/put.ts'
import type { DhtModules } from '../modules.ts'
import type { AdmitOutcome, Intake } from './intake.ts'
import { firstPage } from './pages.ts'
import type { Settling } from './settling.ts'

/** What the service is built from. */
export interface ReplicaServiceModules extends Pick<DhtModules, 'ring' | 'clock'> {
  readonly store: ReplicaStore
  readonly intake: Intake
  readonly settling: Settling
}

/** Answers other nodes. */
export class ReplicaService {
  readonly #modules: ReplicaServiceModules
  #isOpen = false

  constructor(modules: ReplicaServiceModules) {
    this.#modules = modules
    const { ring } = modules
    ring.handle(PUT_METHOD, readPutRequest, (request) => this.#put(request))
    ring.handle(GET_METHOD, readGetRequest, (request) => this.#get(request))
    ring.handle(HANDOVER_METHOD, readHandoverRequest, (request) => this.#handover(request))
    ring.handle(COUNT_METHOD, readCountRequest, () => this.#count())
    ring.handle(DUMP_METHOD, readDumpRequest, (request) => this.#dump(request))
  }

  /** Starts admitting entries. */
  open(): void {
    this.#isOpen = true
  }

  /** Stops admitting entries; reads are still answered. */
  close(): void {
    this.#isOpen = false
  }

  async #put(request: PutRequest): Promise<CborMap> {
    const { intake, settling } = this.#modules
    const entry = intake.check(request.keyHash, request.entry)
    if (typeof entry === 'string') return writePutReply({ kind: 'refused', reason: entry })
    if (entry.isTentative) await settling.learn(entry.keyHash)
    if (!this.#isOpen) return writePutReply({ kind: 'refused', reason: 'leaving' })
    return this.#putReply(intake.admitEntry(entry))
  }

  #putReply(outcome: AdmitOutcome): CborMap {
    switch (outcome.kind) {
      case 'accept':
      case 'same':
        return writePutReply({ kind: 'stored' })
      case 'conflict':
        return writePutReply({ kind: 'conflict', holder: this.#held(outcome.holder) })
      case 'stale':
        return writePutReply({ kind: 'stale', holder: this.#held(outcome.current) })
      case 'full':
        return writePutReply({ kind: 'refused', reason: outcome.cap })
      case 'refused':
        return writePutReply({ kind: 'refused', reason: outcome.fault })
    }
  }

  #get(request: GetRequest): CborMap {
    const after = request.token ? toHex(request.token) : ''
    const records = this.#current(this.#modules.store.get(request.keyHash)).filter(
      (record) => record.entry.slotId > after,
    )
    const page = firstPage(records, bytesOf)
    const last = page.at(-1)
    return writeGetReply({
      entries: page.map((record) => this.#held(record)),
      ...(last && page.length < records.length && { next: fromHex(last.entry.slotId) }),
    })
  }

  #handover(request: HandoverRequest): CborMap {
    switch (request.kind) {
      case 'offer':
        return writeOfferReply(this.#isOpen ? this.#wanted(request.offers) : [])
      case 'push':
        return writePushReply(this.#isOpen ? this.#admitAll(request.entries) : 0)
      case 'list':
        return this.#list(request)
    }
  }

  #wanted(offers: readonly Offer[]): number[] {
    const now = this.#modules.clock.now()
    return offers.flatMap((offer, index) => {
      const key = this.#modules.store.get(offer.keyHash)
      return key && equalBytes(key.records.digest(now), offer.digest) ? [] : [index]
    })
  }

  #admitAll(entries: readonly KeyedEntry[]): number {
    const outcomes = entries.map((entry) =>
      this.#modules.intake.admit(entry.keyHash, entry.bytes, entry.remainingMs),
    )
    // Something newer or stronger being here already is as good as storing: the sender may let go of its copy.
    return outcomes.filter(({ kind }) => kind !== 'refused' && kind !== 'full').length
  }

  #list(request: { from: Address; to: Address; token?: Uint8Array }): CborMap {
    const { store, clock, ring } = this.#modules
    const now = clock.now()
    const after = request.token ? toHex(request.token) : ''
    const page: StoredKey[] = []
    let isMore = false
    for (const key of store.sortedFrom(after)) {
      if (toHex(key.keyHash) === after || !touches(key, request.from, request.to)) continue
      if (key.records.current(now).length === 0) continue
      isMore = page.length >= OFFERS_MAX
      if (isMore) break
      page.push(key)
    }
    const last = page.at(-1)
    const hood = new Neighborhood(ring.address, ring.nearNeighbors())
    return writeListReply({
      offers: page.map((key) => ({ keyHash: key.keyHash, digest: key.records.digest(now) })),
      until: hood.range().to,
      ...(last && isMore && { next: last.keyHash }),
    })
  }

  #count(): CborMap {
    const { store, clock } = this.#modules
    return writeCountReply({
      keys: store.keyCount,
      records: store.countAt(clock.now()),
      bytes: store.byteCount,
    })
  }

  #dump(request: DumpRequest): CborMap {
    const token = request.token ? toHex(request.token) : ''
    const keyToken = token.slice(0, KEY_HASH_BYTES * 2)
    const records: StoredRecord[] = []
    for (const key of this.#modules.store.sortedFrom(keyToken)) {
      const name = toHex(key.keyHash)
      records.push(...this.#current(key).filter((record) => name + record.entry.slotId > token))
      // One more than a page can hold tells whether another one follows.
      if (records.length > PAGE_ENTRIES_MAX) break
    }
    const page = firstPage(records, (record) => bytesOf(record) + KEY_HASH_BYTES)
    const last = page.at(-1)?.entry
    return writeDumpReply({
      entries: page.map((record) => ({
        keyHash: record.entry.keyHash,
        ...this.#held(record),
      })),
      ...(last &&
        page.length < records.length && {
          next: concatBytes(last.keyHash, fromHex(last.slotId)),
        }),
    })
  }

  #current(key: StoredKey | undefined, now: Instant = this.#modules.clock.now()): StoredRecord[] {
    return key ? key.records.current(now) : []
  }

  #held(record: StoredRecord): HeldEntry {
    return { bytes: record.entry.bytes, remainingMs: this.#modules.intake.remainingMs(record) }
  }
}

function bytesOf(record: StoredRecord): number {
  return record.entry.bytes.length
}

function touches(key: StoredKey, from: Address, to: Address): boolean {
  const width = leftDistance(from, to)
  return key.positions.some((position) => leftDistance(from, position).compare(width) <= 0)
}

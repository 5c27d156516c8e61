/** The DHT of one node: its client's methods, and its part as a replica. */
import type { Address } from '@ipop/address'
import { Inspector, type DumpedRecord } from './client/inspector.ts'
import { OwnEntries } from './client/own-entries.ts'
import { Owner, valueOf } from './client/owner.ts'
import { Reader } from './client/reader.ts'
import { ReplicaWriter } from './client/replica-writer.ts'
import type { DhtValue } from './client/value.ts'
import { Writer } from './client/writer.ts'
import { EntryChecker } from './entry/entry-checker.ts'
import type { EntrySigner } from './entry/entry.ts'
import { DhtError } from './errors.ts'
import {
  KEY_BYTES_MAX,
  SWEEP_PERIOD_MS,
  TTL_SECONDS_MAX,
  TTL_SECONDS_MIN,
  VALUE_BYTES_MAX,
} from './limits.ts'
import type { DhtModules } from './modules.ts'
import { Pauses } from './pauses.ts'
import { hashKey } from './placement/placement.ts'
import { Courier } from './replica/courier.ts'
import { HandOver } from './replica/hand-over.ts'
import { Intake } from './replica/intake.ts'
import { RangeRepair } from './replica/range-repair.ts'
import { ReplicaPeer } from './replica/replica-peer.ts'
import { ReplicaService } from './replica/replica-service.ts'
import { Settling } from './replica/settling.ts'
import { ReplicaStore, type StoreLimits } from './store/replica-store.ts'
import type { CountReply } from './wire/inspect.ts'

/** How a DHT is set up. */
export interface DhtOptions {
  /** Signs what this node stores. */
  readonly identity: EntrySigner
  /** Sizes of the store, where they differ from the defaults. */
  readonly storeLimits?: StoreLimits
}

/** What the DHT of a node has done so far, and holds now. */
export interface DhtStats {
  readonly keys: number
  /** Records that count now. */
  readonly records: number
  /** Those, and what is remembered so that it cannot come back. */
  readonly remembered: number
  readonly bytes: number
  /** Entries handed to other nodes. */
  readonly handedOver: number
  /** Entries that reads brought to replicas. */
  readonly repaired: number
}

/** A replicated soft-state store on the ring. */
export class Dht {
  readonly #modules: DhtModules
  readonly #pauses: Pauses
  readonly #store: ReplicaStore
  readonly #reader: Reader
  readonly #writer: Writer
  readonly #service: ReplicaService
  readonly #settling: Settling
  readonly #courier: Courier
  readonly #handOver: HandOver
  readonly #repair: RangeRepair
  readonly #inspector: Inspector
  #unsubscribe: (() => void) | undefined

  constructor(modules: DhtModules, options: DhtOptions) {
    const { wallTimeMs } = modules
    this.#modules = modules
    const pauses = new Pauses(modules)
    const store = new ReplicaStore(options.storeLimits)
    const checker = new EntryChecker({ wallTimeMs })
    const intake = new Intake({ ...modules, store, checker })
    const peer = new ReplicaPeer({ ...modules, checker })
    const parts = { ...modules, store, intake, peer, pauses }
    this.#pauses = pauses
    this.#store = store
    this.#settling = new Settling(parts)
    this.#service = new ReplicaService({ ...parts, settling: this.#settling })
    this.#courier = new Courier(parts)
    this.#handOver = new HandOver({
      ...parts,
      courier: this.#courier,
      random: modules.random.fork('hand-over'),
    })
    this.#repair = new RangeRepair({ ...parts, random: modules.random.fork('repair') })
    const own = new OwnEntries(modules)
    const writer = new ReplicaWriter({ ...parts, random: modules.random.fork('retry') })
    const owner = new Owner({ signer: options.identity, own, writer, wallTimeMs })
    this.#reader = new Reader(parts)
    this.#writer = new Writer({ ...modules, reader: this.#reader, writer, own, owner })
    this.#inspector = new Inspector({ ring: modules.ring, checker })
  }

  /** Starts to serve as a replica; call it once the ring is being joined. */
  start(): void {
    if (this.#unsubscribe) return
    this.#service.open()
    this.#unsubscribe = this.#modules.ring.onNeighborsChanged(() => this.#neighborsChanged())
    this.#inBackground(this.#repair.run(() => this.#handOver.schedule()))
    this.#inBackground(this.#sweepRegularly())
  }

  /** Hands everything over to the neighbours and stops; resolves within a bounded time with whether they have it all. */
  async leave(): Promise<boolean> {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    this.#service.close()
    const isHandedOver = !this.#pauses.isClosed && (await this.#handOver.leave())
    this.#pauses.close()
    return isHandedOver
  }

  /** Adds `value` to `key`, or renews it. With `isReplacing` this node's other values of the key are withdrawn. */
  async put(
    key: Uint8Array | string,
    value: Uint8Array,
    ttlSeconds: number,
    options: { isReplacing?: boolean } = {},
  ): Promise<void> {
    const keyHash = this.#checkedKey(key)
    checkWish(value, ttlSeconds)
    await this.#writer.put(
      { keyHash, value: value.slice(), ttlSeconds },
      options.isReplacing ?? false,
    )
  }

  /** Takes `key` for this node alone, or renews it. Rejects with DHT_ENTRY_EXISTS when somebody else has a value there. */
  async create(key: Uint8Array | string, value: Uint8Array, ttlSeconds: number): Promise<void> {
    const keyHash = this.#checkedKey(key)
    checkWish(value, ttlSeconds)
    await this.#writer.create({ keyHash, value: value.slice(), ttlSeconds })
  }

  /** Returns the values of `key`, none if there are none. */
  async get(key: Uint8Array | string): Promise<DhtValue[]> {
    const records = await this.#reader.read(this.#checkedKey(key))
    const now = this.#modules.clock.now()
    return records
      .visible(now)
      .map(({ entry, expiresAt }) => valueOf({ entry, remainingMs: expiresAt - now }))
  }

  /** Withdraws `value`, or everything this node has under `key`. Returns whether there was something and a majority agreed. */
  async release(key: Uint8Array | string, value?: Uint8Array): Promise<boolean> {
    return this.#writer.release(this.#checkedKey(key), value)
  }

  /** Returns the sizes of the store of `node`. */
  count(node: Address): Promise<CountReply> {
    return this.#inspector.count(node)
  }

  /** Returns the records in the store of `node`. */
  dump(node: Address): Promise<DumpedRecord[]> {
    return this.#inspector.dump(node)
  }

  /** What this node holds and has done. */
  get stats(): DhtStats {
    return {
      keys: this.#store.keyCount,
      records: this.#store.countAt(this.#modules.clock.now()),
      remembered: this.#store.recordCount,
      bytes: this.#store.byteCount,
      handedOver: this.#courier.pushedCount,
      repaired: this.#reader.repairedCount,
    }
  }

  /** Returns whether this node stores something that counts under the key with this hash. */
  holds(keyHash: Uint8Array): boolean {
    const records = this.#store.get(keyHash)?.records
    return records !== undefined && records.current(this.#modules.clock.now()).length > 0
  }

  #neighborsChanged(): void {
    this.#settling.neighborsChanged()
    this.#repair.neighborsChanged()
    this.#handOver.schedule()
  }

  async #sweepRegularly(): Promise<void> {
    while (await this.#pauses.pause(SWEEP_PERIOD_MS, 'dht sweep'))
      this.#store.sweep(this.#modules.clock.now())
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => this.#modules.log.write('error', 'dht task broke', { error }))
  }

  #checkedKey(key: Uint8Array | string): Uint8Array {
    if (this.#pauses.isClosed) throw new DhtError({ code: 'DHT_CLOSED' })
    const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
    if (bytes.length > KEY_BYTES_MAX) {
      const counts = { wanted: KEY_BYTES_MAX, received: bytes.length }
      throw new DhtError({ code: 'DHT_KEY_TOO_LARGE', ...counts })
    }
    return hashKey(bytes)
  }
}

function checkWish(value: Uint8Array, ttlSeconds: number): void {
  if (value.length > VALUE_BYTES_MAX) {
    const counts = { wanted: VALUE_BYTES_MAX, received: value.length }
    throw new DhtError({ code: 'DHT_VALUE_TOO_LARGE', ...counts })
  }
  const isWhole = Number.isSafeInteger(ttlSeconds)
  if (isWhole && ttlSeconds >= TTL_SECONDS_MIN && ttlSeconds <= TTL_SECONDS_MAX) return
  const counts = { wanted: TTL_SECONDS_MAX, received: ttlSeconds }
  throw new DhtError({ code: 'DHT_TTL_OUT_OF_RANGE', ...counts })
}

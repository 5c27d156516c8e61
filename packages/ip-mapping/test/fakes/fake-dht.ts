/** A DHT in memory: one store that several nodes see, with latency, failures, partitions and merges. */
import type { Address } from '@ipop/address'
import type { DhtService, StoredValue } from '../../src/services.ts'
import type { FakeTime } from './fake-time.ts'

interface Entry {
  value: Uint8Array
  owner: Address
  createdAt: number
  expiresAt: number
  exclusive: boolean
}

/** What all nodes of one ring see. */
export class FakeDhtStore {
  readonly entries = new Map<string, Entry[]>()

  live(key: string, now: number): Entry[] {
    const live = (this.entries.get(key) ?? []).filter((entry) => entry.expiresAt > now)
    this.entries.set(key, live)
    return live
  }

  /** Takes over the entries of another ring; of two exclusive claims the older one stays. */
  merge(other: FakeDhtStore): void {
    for (const [key, theirs] of other.entries) {
      const all = [...(this.entries.get(key) ?? []), ...theirs]
      const claims = all.filter((entry) => entry.exclusive)
      claims.sort((a, b) => a.createdAt - b.createdAt || a.owner.compare(b.owner))
      const winner = claims[0]
      this.entries.set(
        key,
        all.filter((entry) => !entry.exclusive || entry === winner),
      )
    }
  }
}

/** The DHT as one node sees it. */
export class FakeDht implements DhtService {
  store: FakeDhtStore
  readonly calls: string[] = []
  latencyMs = 20
  isFailing = false
  /** Operations that never end. */
  isHanging = false
  readonly #time: FakeTime
  readonly #owner: Address

  constructor(time: FakeTime, store: FakeDhtStore, owner: Address) {
    this.#time = time
    this.store = store
    this.#owner = owner
  }

  async put(key: string, value: Uint8Array, ttlSeconds: number): Promise<void> {
    await this.#delay(`put ${key}`)
    this.#write(key, value, ttlSeconds, false)
  }

  async create(key: string, value: Uint8Array, ttlSeconds: number): Promise<void> {
    await this.#delay(`create ${key}`)
    const live = this.store.live(key, this.#time.now)
    if (live.some((entry) => !entry.owner.equals(this.#owner))) {
      throw Object.assign(new Error('taken'), { code: 'DHT_ENTRY_EXISTS' })
    }
    this.#write(key, value, ttlSeconds, true)
  }

  async get(key: string): Promise<readonly StoredValue[]> {
    await this.#delay(`get ${key}`)
    const { now } = this.#time
    return this.store.live(key, now).map((entry) => ({
      value: entry.value,
      owner: entry.owner,
      ageSeconds: (now - entry.createdAt) / 1_000,
      ttlSeconds: (entry.expiresAt - now) / 1_000,
    }))
  }

  async release(key: string): Promise<boolean> {
    await this.#delay(`release ${key}`)
    const live = this.store.live(key, this.#time.now)
    const rest = live.filter((entry) => !entry.owner.equals(this.#owner))
    this.store.entries.set(key, rest)
    return rest.length < live.length
  }

  /** Stores a value as somebody else. */
  plant(key: string, value: Uint8Array, owner: Address, ttlSeconds: number): void {
    const { now } = this.#time
    this.store.live(key, now).push({
      value,
      owner,
      createdAt: now,
      expiresAt: now + ttlSeconds * 1_000,
      exclusive: true,
    })
  }

  #write(key: string, value: Uint8Array, ttlSeconds: number, exclusive: boolean): void {
    const { now } = this.#time
    const live = this.store.live(key, now)
    const own = live.find((entry) => entry.owner.equals(this.#owner))
    const expiresAt = now + ttlSeconds * 1_000
    if (own === undefined) {
      live.push({ value, owner: this.#owner, createdAt: now, expiresAt, exclusive })
    } else {
      own.value = value
      own.expiresAt = expiresAt
    }
  }

  async #delay(call: string): Promise<void> {
    this.calls.push(call)
    if (this.isHanging) await new Promise(() => undefined)
    await this.#time.sleep(this.latencyMs)
    if (this.isFailing) throw Object.assign(new Error('no'), { code: 'DHT_QUORUM_FAILED' })
  }
}

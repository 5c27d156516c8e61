/** A fake ring with a DHT on every node. */
import { Identity } from '@ipop/security'
import { Dht } from '../../src/index.ts'
import type { StoreLimits } from '../../src/index.ts'
import { FakeRing, type FakeNode, type FakeRingOptions } from './fake-ring.ts'
import { recordingLog, SeededRandom, VirtualTime } from './virtual-time.ts'

/** One node with its DHT. */
export interface Villager {
  readonly node: FakeNode
  readonly dht: Dht
  readonly identity: Identity
}

/** What a village is made of. */
export interface VillageOptions extends FakeRingOptions {
  readonly seed?: number
  readonly storeLimits?: StoreLimits
}

/** Builds and changes a ring of DHT nodes. */
export class Village {
  readonly time = new VirtualTime()
  readonly random: SeededRandom
  readonly ring: FakeRing
  readonly villagers: Villager[] = []
  readonly events: { level: string; event: string; fields?: unknown }[] = []
  readonly #options: VillageOptions

  constructor(options: VillageOptions = {}) {
    this.random = new SeededRandom(options.seed ?? 1)
    this.ring = new FakeRing(this.time, this.random, options)
    this.#options = options
  }

  /** Returns a village of `count` that has settled. */
  static async settled(count: number, options: VillageOptions = {}): Promise<Village> {
    const village = new Village(options)
    for (let i = 0; i < count; i++) village.join()
    await village.time.advance(120_000)
    return village
  }

  /** Adds a node. */
  join(options: { identity?: Identity; clockOffsetMs?: number; island?: number } = {}): Villager {
    const identity = options.identity ?? Identity.create(this.random)
    const node = this.ring.join(identity.address, options.island ?? 0)
    const offsetMs = options.clockOffsetMs ?? 0
    const dht = new Dht(
      {
        ring: node,
        clock: this.time,
        timers: this.time,
        random: this.random.fork('dht'),
        log: recordingLog(this.events),
        wallTimeMs: () => this.time.wallTimeMs() + offsetMs,
      },
      { identity, ...(this.#options.storeLimits && { storeLimits: this.#options.storeLimits }) },
    )
    dht.start()
    const villager = { node, dht, identity }
    this.villagers.push(villager)
    return villager
  }

  /** Kills a node. */
  crash(villager: Villager): void {
    this.ring.crash(villager.node)
    void villager.dht.leave().catch(() => undefined)
    this.#remove(villager)
  }

  /** Lets a node leave properly. */
  async leave(villager: Villager): Promise<void> {
    await this.time.run(villager.dht.leave())
    this.ring.leave(villager.node)
    this.#remove(villager)
  }

  /** Returns the villager at an index (wrapped). */
  at(index: number): Villager {
    const villager = this.villagers[index % this.villagers.length]
    if (!villager) throw new Error('empty village')
    return villager
  }

  /** Runs work in virtual time. */
  run<T>(work: Promise<T>): Promise<T> {
    return this.time.run(work)
  }

  /** Returns the texts found under a key, sorted. */
  async read(villager: Villager, key: string): Promise<string[]> {
    const values = await this.run(villager.dht.get(key))
    return values.map(({ value }) => new TextDecoder().decode(value)).sort()
  }

  #remove(villager: Villager): void {
    this.villagers.splice(this.villagers.indexOf(villager), 1)
  }
}

/** Returns text as bytes. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

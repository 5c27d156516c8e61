/** Random work on a ring with random churn, compared with what was acknowledged. */
import { describe, expect, it } from '@jest/globals'
import { DhtError } from '../../src/index.ts'
import { bytesOf, Village, type Villager } from '../helpers/village.ts'

const HOUR = 3_600
const STEPS = 50

describe('a ring under churn', () => {
  it.each([1, 2])('never has two owners and loses nothing (seed %d)', async (seed) => {
    const run = new FuzzRun(await Village.settled(20, { seed }))
    for (let step = 0; step < STEPS; step++) await run.step()
    await run.village.time.advance(60_000)
    await run.expectAll()
  })

  it('repeats itself from the same seed', async () => {
    const traces = []
    for (let i = 0; i < 2; i++) {
      const run = new FuzzRun(await Village.settled(12, { seed: 42 }))
      for (let step = 0; step < 20; step++) await run.step()
      traces.push({
        trace: run.trace,
        messages: run.village.ring.messages,
        now: run.village.time.now(),
      })
    }
    expect(traces[0]).toEqual(traces[1])
  })
})

/** What somebody was told. */
interface Held {
  readonly villager: Villager
  readonly value: string
}

class FuzzRun {
  readonly village: Village
  readonly trace: string[] = []
  readonly #leases = new Map<string, Held>()
  readonly #members = new Map<string, Set<string>>()

  constructor(village: Village) {
    this.village = village
  }

  async step(): Promise<void> {
    const { village } = this
    const { random } = village
    const villager = village.at(random.below(1_000))
    const key = `k${random.below(8)}`
    const dice = random.below(100)
    if (dice < 35) await this.#create(villager, key)
    else if (dice < 50) await this.#put(villager, `m${random.below(3)}`)
    else if (dice < 60) await this.#release(key)
    else if (dice < 75) await this.#check(villager, key)
    else if (dice < 85) village.join()
    else if (dice < 93 && village.villagers.length > 10) await this.#leave(villager)
    else if (village.villagers.length > 14) this.#crash(villager)
    await village.time.advance(random.below(dice > 75 ? 20_000 : 1_500))
  }

  /** Checks every key from some node. */
  async expectAll(): Promise<void> {
    for (let i = 0; i < 8; i++) await this.#check(this.village.at(i), `k${i}`)
    for (const [key, members] of this.#members) {
      const read = await this.village.read(this.village.at(1), key)
      expect([key, read.filter((value) => members.has(value))]).toEqual([key, [...members].sort()])
    }
  }

  async #create(villager: Villager, key: string): Promise<void> {
    const value = `${villager.identity.address.key}-${this.trace.length}`
    const result = await this.village.run(outcome(villager.dht.create(key, bytesOf(value), HOUR)))
    this.trace.push(`create ${key} ${value} ${result}`)
    const held = this.#leases.get(key)
    if (held && held.villager !== villager)
      expect([key, result, this.trace]).toEqual([key, 'DHT_ENTRY_EXISTS', this.trace])
    if (result === 'ok') this.#leases.set(key, { villager, value })
  }

  async #put(villager: Villager, key: string): Promise<void> {
    const value = `${villager.identity.address.key.slice(0, 6)}`
    const result = await this.village.run(outcome(villager.dht.put(key, bytesOf(value), HOUR)))
    this.trace.push(`put ${key} ${value} ${result}`)
    if (result !== 'ok') return
    const members = this.#members.get(key) ?? new Set()
    this.#members.set(key, members.add(value))
  }

  async #release(key: string): Promise<void> {
    const held = this.#leases.get(key)
    if (!held || !this.village.villagers.includes(held.villager)) return
    const isDone = await this.village.run(held.villager.dht.release(key))
    this.trace.push(`release ${key} ${isDone}`)
    if (isDone) this.#leases.delete(key)
  }

  async #check(villager: Villager, key: string): Promise<void> {
    const held = this.#leases.get(key)
    const read = await this.village.read(villager, key)
    this.trace.push(`read ${key} ${read.join()}`)
    expect([key, read, this.trace]).toEqual([key, held ? [held.value] : [], this.trace])
  }

  async #leave(villager: Villager): Promise<void> {
    this.trace.push('leave')
    await this.village.leave(villager)
  }

  #crash(villager: Villager): void {
    this.trace.push('crash')
    this.village.crash(villager)
  }
}

async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    if (error instanceof DhtError) return error.code
    throw error
  }
}

/** Passes entries on to the nodes that are responsible for them now: after neighbours changed, and before leaving. */
import type { Address } from '@ipop/address'
import { compareByDistance } from '@ipop/address'
import {
  HANDOVER_ATTEMPTS_MAX,
  HANDOVER_DELAY_MS,
  KEEP_RANK,
  LEAVE_TIMEOUT_MS,
  OFFERS_MAX,
} from '../limits.ts'
import type { DhtModules } from '../modules.ts'
import type { Pauses } from '../pauses.ts'
import { Neighborhood } from '../placement/neighborhood.ts'
import type { ReplicaStore, StoredKey } from '../store/replica-store.ts'
import type { Courier, Parcel } from './courier.ts'
import type { CallTarget } from './replica-peer.ts'

/** What a hand-over is built from. */
export interface HandOverModules extends Pick<DhtModules, 'ring' | 'clock' | 'random' | 'log'> {
  readonly store: ReplicaStore
  readonly courier: Courier
  readonly pauses: Pauses
}

/** Moves entries between neighbours. */
export class HandOver {
  readonly #modules: HandOverModules
  #isRunning = false
  #isWanted = false

  constructor(modules: HandOverModules) {
    this.#modules = modules
  }

  /** Starts a hand-over soon, unless one is about to start; one that runs is followed by another. */
  schedule(): void {
    this.#isWanted = true
    if (this.#isRunning) return
    this.#isRunning = true
    this.#run()
      .catch((error: unknown) => this.#modules.log.write('error', 'dht hand-over broke', { error }))
      .finally(() => (this.#isRunning = false))
  }

  /**
   * Gives everything that this node is the nearest to, to whoever inherits it; resolves within the leaving time with
   * whether all of it arrived.
   */
  async leave(): Promise<boolean> {
    const { courier, pauses } = this.#modules
    const hood = this.#hood()
    if (hood.isAlone) return this.#keysThatCount().length === 0
    const parcels = this.#parcels((key) =>
      key.positions
        .filter((position) => hood.covers(position) && hood.rank(position) === 0)
        .flatMap((position) => hood.heir(position) ?? []),
    )
    const work = courier.deliverAll(parcels, { isPaced: false, isExchange: false })
    const timeout = pauses.pause(LEAVE_TIMEOUT_MS, 'dht leave').then(() => [false])
    return (await Promise.race([work, timeout])).every(Boolean)
  }

  async #run(): Promise<void> {
    const { pauses, random } = this.#modules
    let failures = 0
    while (this.#isWanted && failures < HANDOVER_ATTEMPTS_MAX) {
      this.#isWanted = false
      if (!(await pauses.pause(HANDOVER_DELAY_MS * (1 + random.float()), 'dht hand-over'))) return
      const isDelivered = await this.#pass()
      // Failures count against the neighbours they were met with; those of now have their own attempts.
      if (isDelivered || this.#isWanted) {
        failures = 0
        continue
      }
      failures++
      this.#isWanted = true
    }
    this.#isWanted = false
  }

  /** Offers every key to the nodes nearest to its covered positions; returns whether all of them answered. */
  async #pass(): Promise<boolean> {
    const { courier } = this.#modules
    const hood = this.#hood()
    if (hood.isAlone) return true
    const strays = this.#keysThatCount().filter((key) => !isKept(key, hood))
    const parcels = this.#parcels((key) =>
      key.positions
        .filter((position) => hood.covers(position))
        .map((position) => hood.nearest(position)),
    )
    const results = await courier.deliverAll(parcels, { isPaced: true, isExchange: true })
    const areStraysGone = await this.#sendAway(strays)
    return areStraysGone && results.every(Boolean)
  }

  /** Passes on what nobody would look for here, and drops what arrived. */
  async #sendAway(strays: readonly StoredKey[]): Promise<boolean> {
    const { courier, store, clock } = this.#modules
    const before = new Map(strays.map((key) => [key, Buffer.from(key.records.digest(clock.now()))]))
    const parcels = strays.map((key) => ({ target: this.#nearestPosition(key), keys: [key] }))
    const results = await courier.deliverAll(parcels, { isPaced: true, isExchange: false })
    for (const [index, key] of strays.entries()) {
      // What changed meanwhile was not passed on yet.
      const isUnchanged = before.get(key)?.equals(key.records.digest(clock.now()))
      if (results[index] && isUnchanged) store.drop(key.keyHash)
    }
    return results.every(Boolean)
  }

  #nearestPosition(key: StoredKey): CallTarget {
    const { address: self } = this.#modules.ring
    const [nearest] = [...key.positions].sort(compareByDistance(self))
    return { address: nearest ?? self, mode: 'greedy' }
  }

  /** Groups keys by the nodes that `receiversOf` names for them, in messages of bounded size. */
  #parcels(receiversOf: (key: StoredKey) => readonly Address[]): Parcel[] {
    const { ring } = this.#modules
    const byReceiver = new Map<string, { address: Address; keys: Set<StoredKey> }>()
    for (const key of this.#keysThatCount()) {
      for (const address of receiversOf(key)) {
        if (address.equals(ring.address)) continue
        const parcel = byReceiver.get(address.key) ?? { address, keys: new Set() }
        byReceiver.set(address.key, parcel)
        parcel.keys.add(key)
      }
    }
    return [...byReceiver.values()].flatMap(({ address, keys }) =>
      chunks([...keys], OFFERS_MAX).map((chunk) => ({
        target: { address, mode: 'exact' as const },
        keys: chunk,
      })),
    )
  }

  #keysThatCount(): StoredKey[] {
    const now = this.#modules.clock.now()
    return [...this.#modules.store.keys()].filter((key) => key.records.current(now).length > 0)
  }

  #hood(): Neighborhood {
    return new Neighborhood(this.#modules.ring.address, this.#modules.ring.nearNeighbors())
  }
}

/** Returns whether a node that sees `hood` keeps its copy: it is, or could soon be, where readers look. */
function isKept(key: StoredKey, hood: Neighborhood): boolean {
  return key.positions.some((position) => hood.covers(position) && hood.rank(position) < KEEP_RANK)
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = []
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size))
  return parts
}

/** Passes entries on to the nodes that are responsible for them now: after neighbours changed, and before leaving. */
import type { Address } from '@ipop/address'
import { compareByDistance } from '@ipop/address'
import {
  HANDOVER_ATTEMPTS_MAX,
  HANDOVER_DELAY_MS,
  HANDOVER_PARALLEL_MAX,
  HANDOVER_PAUSE_MS,
  KEEP_RANK,
  LEAVE_TIMEOUT_MS,
  OFFERS_MAX,
} from '../limits.ts'
import type { DhtModules } from '../modules.ts'
import type { Pauses } from '../pauses.ts'
import { Neighborhood } from '../placement/neighborhood.ts'
import type { ReplicaStore, StoredKey } from '../store/replica-store.ts'
import type { KeyedEntry } from '../wire/held-entry.ts'
import type { CallTarget, ReplicaPeer } from './replica-peer.ts'

/** What a hand-over is built from. */
export interface HandOverModules extends Pick<DhtModules, 'ring' | 'clock' | 'random' | 'log'> {
  readonly store: ReplicaStore
  readonly peer: ReplicaPeer
  readonly pauses: Pauses
}

/** Some keys for one node. */
interface Parcel {
  readonly target: CallTarget
  readonly keys: readonly StoredKey[]
}

/** Moves entries between neighbours. */
export class HandOver {
  readonly #modules: HandOverModules
  #isRunning = false
  #isWanted = false
  /** Entries that were pushed to others. */
  pushedCount = 0

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

  /** Gives everything that this node is the nearest to, to whoever inherits it; resolves within the leaving time. */
  async leave(): Promise<void> {
    const { pauses, ring } = this.#modules
    const hood = new Neighborhood(ring.address, ring.nearNeighbors())
    if (hood.isAlone) return
    const parcels = this.#parcels((key) =>
      key.positions
        .filter((position) => hood.covers(position) && hood.rank(position) === 0)
        .flatMap((position) => hood.heir(position) ?? []),
    )
    const work = this.#deliverAll(parcels, 0)
    await Promise.race([work, pauses.pause(LEAVE_TIMEOUT_MS, 'dht leave')])
  }

  async #run(): Promise<void> {
    const { pauses, random } = this.#modules
    for (let attempt = 0; this.#isWanted && attempt < HANDOVER_ATTEMPTS_MAX;) {
      this.#isWanted = false
      if (!(await pauses.pause(HANDOVER_DELAY_MS * (1 + random.float()), 'dht hand-over'))) return
      if (await this.#pass()) attempt = 0
      else {
        attempt++
        this.#isWanted = true
      }
    }
    this.#isWanted = false
  }

  /** Offers every key to the nodes nearest to its covered positions; returns whether all of them answered. */
  async #pass(): Promise<boolean> {
    const { ring, store } = this.#modules
    const hood = new Neighborhood(ring.address, ring.nearNeighbors())
    if (hood.isAlone) return true
    const strays = [...store.keys()].filter((key) => !isKept(key, hood))
    const nearby = this.#parcels((key) =>
      key.positions
        .filter((position) => hood.covers(position))
        .map((position) => hood.nearest(position)),
    )
    const areNearbyDone = await this.#deliverAll(nearby, HANDOVER_PAUSE_MS)
    const areStraysDone = await this.#sendAway(strays)
    return areNearbyDone && areStraysDone
  }

  /** Passes on what nobody would look for here, and drops what arrived. */
  async #sendAway(strays: readonly StoredKey[]): Promise<boolean> {
    const { store, clock } = this.#modules
    const before = new Map(strays.map((key) => [key, Buffer.from(key.records.digest(clock.now()))]))
    const parcels = strays.map((key) => ({ target: this.#nearestPosition(key), keys: [key] }))
    const results = await this.#inParallel(parcels, HANDOVER_PAUSE_MS)
    for (const [index, parcel] of parcels.entries()) {
      const [key] = parcel.keys
      if (!key || !results[index]) continue
      // What changed meanwhile was not passed on yet.
      if (before.get(key)?.equals(key.records.digest(clock.now()))) store.drop(key.keyHash)
    }
    return results.every(Boolean)
  }

  #nearestPosition(key: StoredKey): CallTarget {
    const order = compareByDistance(this.#modules.ring.address)
    const [address] = [...key.positions].sort(order)
    return { address: address ?? this.#modules.ring.address, mode: 'greedy' }
  }

  /** Groups keys by the nodes that `receiversOf` names for them, in messages of bounded size. */
  #parcels(receiversOf: (key: StoredKey) => readonly Address[]): Parcel[] {
    const { ring, store } = this.#modules
    const byReceiver = new Map<string, { address: Address; keys: Set<StoredKey> }>()
    for (const key of store.keys()) {
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

  async #deliverAll(parcels: readonly Parcel[], pauseMs: number): Promise<boolean> {
    const results = await this.#inParallel(parcels, pauseMs)
    return results.every(Boolean)
  }

  async #inParallel(parcels: readonly Parcel[], pauseMs: number): Promise<boolean[]> {
    const results: boolean[] = parcels.map(() => false)
    let at = 0
    const worker = async () => {
      while (at < parcels.length) {
        const index = at++
        const parcel = parcels[index]
        if (parcel) results[index] = await this.#deliver(parcel)
        if (pauseMs > 0 && !(await this.#modules.pauses.pause(pauseMs, 'dht pacing'))) return
      }
    }
    await Promise.all(Array.from({ length: HANDOVER_PARALLEL_MAX }, worker))
    return results
  }

  /** Offers one parcel and sends what is wanted; returns whether the receiver has all of it now. */
  async #deliver(parcel: Parcel): Promise<boolean> {
    const { clock, peer, log } = this.#modules
    const now = clock.now()
    const byHash = new Map<Uint8Array, StoredKey>()
    const offers = parcel.keys.map(({ keyHash, records }) => ({
      keyHash,
      digest: records.digest(now),
    }))
    for (const key of parcel.keys) byHash.set(key.keyHash, key)
    try {
      const wanted = await peer.offer(parcel.target, offers)
      const entries = wanted.flatMap(({ keyHash }) => this.#entriesOf(byHash.get(keyHash)))
      const accepted = await peer.push(parcel.target, entries)
      this.pushedCount += accepted
      return accepted === entries.length
    } catch (error) {
      log.write('debug', 'dht hand-over was not answered', { to: parcel.target.address, error })
      return false
    }
  }

  #entriesOf(key: StoredKey | undefined): KeyedEntry[] {
    const now = this.#modules.clock.now()
    return (key?.records.current(now) ?? []).map(({ entry, expiresAt }) => ({
      keyHash: entry.keyHash,
      bytes: entry.bytes,
      remainingMs: expiresAt - now,
    }))
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

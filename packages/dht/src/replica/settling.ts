/** Keeps a replica that has just become responsible for a key from granting what its predecessor granted already. */
import type { Instant } from '@ipop/runtime'
import { SETTLE_MS, SETTLE_QUESTION_MS } from '../limits.ts'
import type { DhtModules } from '../modules.ts'
import { Neighborhood } from '../placement/neighborhood.ts'
import type { ReplicaStore } from '../store/replica-store.ts'
import type { Intake } from './intake.ts'
import type { ReplicaPeer } from './replica-peer.ts'

/** What settling is built from. */
export interface SettlingModules extends Pick<DhtModules, 'ring' | 'clock'> {
  readonly store: ReplicaStore
  readonly intake: Intake
  readonly peer: ReplicaPeer
}

/**
 * While the neighbourhood has changed a moment ago, hand-over may still be on its way: a claim for a key that this node
 * knows nothing of waits until both neighbours said what they know.
 */
export class Settling {
  readonly #modules: SettlingModules
  #unsettledUntil: Instant

  constructor(modules: SettlingModules) {
    this.#modules = modules
    this.#unsettledUntil = modules.clock.now() + SETTLE_MS
  }

  /** Notes that the neighbours changed. */
  neighborsChanged(): void {
    this.#unsettledUntil = this.#modules.clock.now() + SETTLE_MS
  }

  /** Resolves when the neighbours had their chance to say what they store for a key; at once in a settled ring. */
  async learn(keyHash: Uint8Array): Promise<void> {
    const { ring, clock, store, peer } = this.#modules
    const now = clock.now()
    if (now >= this.#unsettledUntil) return
    if (store.get(keyHash)?.records.current(now).length) return
    const { adjacent } = new Neighborhood(ring.address, ring.nearNeighbors())
    const options = { mode: 'exact', timeoutMs: SETTLE_QUESTION_MS } as const
    const answers = await Promise.allSettled(
      adjacent.map((address) => peer.get({ address, ...options }, keyHash)),
    )
    for (const answer of answers) {
      if (answer.status !== 'fulfilled') continue
      for (const { entry, remainingMs } of answer.value)
        this.#modules.intake.admitEntry(entry, remainingMs)
    }
  }
}

/** Fetches what this node should store from the other replicas: after a crash nobody else knows that it lacks it. */
import type { Address } from '@ipop/address'
import { leftDistance, offset } from '@ipop/address'
import { equalBytes } from '@ipop/codec'
import {
  PAGES_MAX,
  REPAIR_HURRIES,
  REPAIR_HURRY_MS,
  REPAIR_PERIOD_MS,
  REPAIR_WALK_MAX,
  REPLICAS,
} from '../limits.ts'
import type { DhtModules } from '../modules.ts'
import type { Pauses } from '../pauses.ts'
import { Neighborhood } from '../placement/neighborhood.ts'
import { heldEntries, type ReplicaStore } from '../store/replica-store.ts'
import type { Offer } from '../wire/handover.ts'
import type { Intake } from './intake.ts'
import { isProgress, type CallTarget, type ReplicaPeer } from './replica-peer.ts'

/** What range repair is built from. */
export interface RangeRepairModules extends Pick<DhtModules, 'ring' | 'clock' | 'random' | 'log'> {
  readonly store: ReplicaStore
  readonly intake: Intake
  readonly peer: ReplicaPeer
  readonly pauses: Pauses
}

/** Compares the own range with the same range an eighth (or two, ...) of the ring away. */
export class RangeRepair {
  readonly #modules: RangeRepairModules
  /** Comparisons that are still to come quickly. */
  #hurries = 0
  #shift = 0
  #wake: (() => void) | undefined

  constructor(modules: RangeRepairModules) {
    this.#modules = modules
    this.#shift = modules.random.below(REPLICAS - 1)
  }

  /** Compares again and again until the pauses end; calls `afterPeriod` after each unhurried one. */
  async run(afterPeriod: () => void): Promise<void> {
    const { pauses, random } = this.#modules
    while (!pauses.isClosed) {
      const isHurried = this.#hurries > 0
      const periodMs = isHurried ? REPAIR_HURRY_MS : REPAIR_PERIOD_MS
      const woken = new Promise<'woken'>((resolve) => (this.#wake = () => resolve('woken')))
      const pause = pauses.pause(periodMs * (0.5 + random.float()), 'dht repair')
      const end = await Promise.race([pause, woken])
      if (end === 'woken') continue
      if (!end) return
      if (isHurried) this.#hurries--
      await this.compare()
      if (!isHurried) afterPeriod()
    }
  }

  /** Notes that the range may have grown: the next comparisons, one with each other replica, come quickly. */
  neighborsChanged(): void {
    const isNew = this.#hurries === 0
    this.#hurries = REPAIR_HURRIES
    if (isNew) this.#wake?.()
  }

  /** Compares the own range with one other replica and fetches what differs. */
  async compare(): Promise<void> {
    const { ring, log } = this.#modules
    const hood = new Neighborhood(ring.address, ring.nearNeighbors())
    if (hood.isAlone) return
    this.#shift = (this.#shift % (REPLICAS - 1)) + 1
    const { from, to } = hood.range()
    const width = leftDistance(from, to)
    const start = offset(from, this.#shift, REPLICAS)
    let at = start
    try {
      for (let steps = 0; steps < REPAIR_WALK_MAX; steps++) {
        const until = await this.#compareWith({ address: at, mode: 'greedy' }, from, to)
        const isDone = leftDistance(start, until).compare(width) >= 0
        // A replier whose range ends behind us has a different idea of the ring; the next comparison starts afresh.
        if (isDone || leftDistance(start, until).compare(leftDistance(start, at)) <= 0) return
        at = until
      }
    } catch (error) {
      log.write('debug', 'dht repair was not answered', { error })
    }
  }

  /** Fetches what one replica has in the range and this node has not; returns where the replica's own range ends. */
  async #compareWith(first: CallTarget, from: Address, to: Address): Promise<Address> {
    const { peer, ring } = this.#modules
    let target = first
    let token: Uint8Array | undefined
    for (let pages = 1; ; pages++) {
      const page = await peer.list(target, { from, to, ...(token && { token }) })
      if (page.replier.equals(ring.address)) return page.until
      target = { address: page.replier, mode: 'exact' }
      for (const wanted of page.offers) await this.#exchange(target, wanted)
      if (pages >= PAGES_MAX || !isProgress(token, page.next)) return page.until
      token = page.next
    }
  }

  /** Fetches a key that looks different there; what is newer here goes back, so that both end up alike. */
  async #exchange(target: CallTarget, theirs: Offer): Promise<void> {
    const { store, clock, peer, intake } = this.#modules
    const isSame = () => {
      const key = store.get(theirs.keyHash)
      return key !== undefined && equalBytes(key.records.digest(clock.now()), theirs.digest)
    }
    if (isSame()) return
    for (const { entry, remainingMs } of await peer.get(target, theirs.keyHash))
      intake.admitEntry(entry, remainingMs)
    if (isSame()) return
    await peer.push(target, heldEntries(store.get(theirs.keyHash), clock.now()))
  }
}

/** Delivers keys to other replicas: digests first, then the entries that are missing there. */
import type { Instant } from '@ipop/runtime'
import { HANDOVER_PARALLEL_MAX, HANDOVER_PAUSE_MS } from '../limits.ts'
import type { DhtModules } from '../modules.ts'
import type { Pauses } from '../pauses.ts'
import { heldEntries, type StoredKey } from '../store/replica-store.ts'
import type { Offer } from '../wire/handover.ts'
import type { Intake } from './intake.ts'
import type { CallTarget, ReplicaPeer } from './replica-peer.ts'

/** What a courier is built from. */
export interface CourierModules extends Pick<DhtModules, 'clock' | 'log'> {
  readonly intake: Intake
  readonly peer: ReplicaPeer
  readonly pauses: Pauses
}

/** Some keys for one receiver; not more than fit one offer. */
export interface Parcel {
  readonly target: CallTarget
  readonly keys: readonly StoredKey[]
}

/** How parcels are delivered. */
export interface DeliveryOptions {
  /** Whether there are pauses between messages, so that traffic is not starved. */
  readonly isPaced: boolean
  /** Whether what the receiver has is fetched too, so that both end up alike. */
  readonly isExchange: boolean
}

/** Delivers parcels. */
export class Courier {
  readonly #modules: CourierModules
  /** Entries that were accepted elsewhere. */
  pushedCount = 0

  constructor(modules: CourierModules) {
    this.#modules = modules
  }

  /** Delivers parcels, a few at a time; tells for each whether the receiver has all of it now. */
  async deliverAll(parcels: readonly Parcel[], options: DeliveryOptions): Promise<boolean[]> {
    const results: boolean[] = parcels.map(() => false)
    let at = 0
    const work = async () => {
      while (at < parcels.length) {
        const index = at++
        const parcel = parcels[index]
        if (parcel) results[index] = await this.#deliver(parcel, options)
        if (options.isPaced && !(await this.#pace())) return
      }
    }
    await Promise.all(Array.from({ length: HANDOVER_PARALLEL_MAX }, work))
    return results
  }

  #pace(): Promise<boolean> {
    return this.#modules.pauses.pause(HANDOVER_PAUSE_MS, 'dht pacing')
  }

  async #deliver(parcel: Parcel, options: DeliveryOptions): Promise<boolean> {
    const { clock, peer, log } = this.#modules
    const { target } = parcel
    const byHash = new Map(parcel.keys.map((key) => [key.keyHash, key]))
    try {
      const wanted = await peer.offer(target, offersOf(parcel.keys, clock.now()))
      const keys = wanted.flatMap(({ keyHash }) => byHash.get(keyHash) ?? [])
      const entries = keys.flatMap((key) => heldEntries(key, clock.now()))
      const accepted = await peer.push(target, entries)
      this.pushedCount += accepted
      if (options.isExchange && keys.length > 0) await this.#fetchBack(target, keys)
      return accepted === entries.length
    } catch (error) {
      log.write('debug', 'dht hand-over was not answered', { to: target.address, error })
      return false
    }
  }

  /** Fetches what the receiver had besides: of most keys it had nothing, and is now like this node. */
  async #fetchBack(target: CallTarget, keys: readonly StoredKey[]): Promise<void> {
    const { clock, peer, intake } = this.#modules
    for (const { keyHash } of await peer.offer(target, offersOf(keys, clock.now()))) {
      for (const { entry, remainingMs } of await peer.get(target, keyHash))
        intake.admitEntry(entry, remainingMs)
    }
  }
}

function offersOf(keys: readonly StoredKey[], now: Instant): Offer[] {
  return keys.map(({ keyHash, records }) => ({ keyHash, digest: records.digest(now) }))
}

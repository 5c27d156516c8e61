/** Peers that were lost: one is tried now and then, which is how split rings find each other and merge. */
import type { Address } from '@ipop/address'
import type { Instant, Random } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import {
  DEPARTED_AFTER_MS,
  DEPARTED_FEW_MAX,
  DEPARTED_FEW_PERIOD_MS,
  DEPARTED_MAX,
  DEPARTED_PERIOD_MS,
  DEPARTED_TTL_MS,
} from '../limits.ts'

interface LostPeer {
  readonly hint: PeerHint
  readonly at: Instant
  /** Whether it was tried since it was lost. */
  isTried: boolean
}

/** The memory of lost peers, oldest first. */
export class Departed {
  readonly #random: Random
  readonly #lost = new Map<string, LostPeer>()
  #nextAt: Instant = 0
  #nextOfFewAt: Instant = 0

  constructor(modules: { random: Random }) {
    this.#random = modules.random
  }

  /** The number of peers remembered. */
  get size(): number {
    return this.#lost.size
  }

  /** Remembers a lost peer; one without any endpoint could not be tried. */
  add(hint: PeerHint, now: Instant): void {
    if (hint.endpoints.length === 0) return
    this.#lost.delete(hint.address.key)
    this.#lost.set(hint.address.key, { hint, at: now, isTried: false })
    if (this.#lost.size <= DEPARTED_MAX) return
    const oldest = this.#lost.keys().next()
    if (!oldest.done) this.#lost.delete(oldest.value)
  }

  /** Forgets a peer that is back. */
  remove(address: Address): void {
    this.#lost.delete(address.key)
  }

  /** Returns a peer to try now, if one is due: now and then anyone, and in a ring of few nodes everyone once. */
  poll(now: Instant, ringSize: number): PeerHint | undefined {
    const isRegular = now >= this.#nextAt
    const isOfFew = ringSize <= DEPARTED_FEW_MAX && now >= this.#nextOfFewAt
    if (!isRegular && !isOfFew) return undefined
    if (isRegular) this.#nextAt = now + this.#jittered(DEPARTED_PERIOD_MS)
    if (isOfFew) this.#nextOfFewAt = now + this.#jittered(DEPARTED_FEW_PERIOD_MS)
    for (const [key, { at }] of this.#lost) if (now - at > DEPARTED_TTL_MS) this.#lost.delete(key)
    const all = [...this.#lost.values()].filter(({ at }) => now - at >= DEPARTED_AFTER_MS)
    if (all.length === 0) return undefined
    const chosen = isRegular
      ? all[this.#random.below(all.length)]
      : all.findLast(({ isTried }) => !isTried)
    if (chosen) chosen.isTried = true
    return chosen?.hint
  }

  #jittered(periodMs: number): number {
    return periodMs * (0.75 + 0.5 * this.#random.float())
  }
}

/** Peers that were lost: one is tried now and then, which is how split rings find each other and merge. */
import type { Address } from '@ipop/address'
import type { Instant, Random } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import { DEPARTED_AFTER_MS, DEPARTED_MAX, DEPARTED_PERIOD_MS, DEPARTED_TTL_MS } from '../limits.ts'

/** The memory of lost peers, oldest first. */
export class Departed {
  readonly #random: Random
  readonly #lost = new Map<string, { hint: PeerHint; at: Instant }>()
  #nextAt: Instant = 0

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
    this.#lost.set(hint.address.key, { hint, at: now })
    if (this.#lost.size <= DEPARTED_MAX) return
    const oldest = this.#lost.keys().next()
    if (!oldest.done) this.#lost.delete(oldest.value)
  }

  /** Forgets a peer that is back. */
  remove(address: Address): void {
    this.#lost.delete(address.key)
  }

  /** Returns a peer to try now, if one is due. */
  poll(now: Instant): PeerHint | undefined {
    if (now < this.#nextAt) return undefined
    this.#nextAt = now + DEPARTED_PERIOD_MS * (0.75 + 0.5 * this.#random.float())
    for (const [key, entry] of this.#lost)
      if (now - entry.at > DEPARTED_TTL_MS) this.#lost.delete(key)
    const all = [...this.#lost.values()].filter(({ at }) => now - at >= DEPARTED_AFTER_MS)
    return all.length === 0 ? undefined : all[this.#random.below(all.length)]?.hint
  }
}

/** By which neighbours the replies to a request have left: the same request again means that they were lost on their way. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import { REPLY_CACHE_MAX, REPLY_CACHE_MS } from '../limits.ts'

interface Entry {
  readonly tried: Address[]
  readonly since: Instant
}

/** First hops of replies by asker and id, oldest first. */
export class ReplyWays {
  readonly #entries = new Map<string, Entry>()

  /** The number of requests remembered. */
  get size(): number {
    return this.#entries.size
  }

  /** Returns the first hops that replies to this request took, for the caller to add to. */
  of(source: Address, id: number, now: Instant): Address[] {
    this.#expire(now)
    const key = `${source.key}/${id}`
    const known = this.#entries.get(key)
    if (known) return known.tried
    const tried: Address[] = []
    this.#entries.set(key, { tried, since: now })
    return tried
  }

  #expire(now: Instant): void {
    for (const [key, entry] of this.#entries) {
      if (now - entry.since < REPLY_CACHE_MS && this.#entries.size < REPLY_CACHE_MAX) return
      this.#entries.delete(key)
    }
  }
}

/** Answers kept for repeated requests, so that a handler runs at most once per request. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import { REPLY_CACHE_MAX, REPLY_CACHE_MS } from '../limits.ts'

/** What is known of a request that was seen before. */
export type SeenRequest = { kind: 'working' } | { kind: 'answered'; reply: Uint8Array }

interface Entry {
  seen: SeenRequest
  readonly since: Instant
}

/** Requests by asker and id, oldest first. */
export class ReplyCache {
  readonly #entries = new Map<string, Entry>()

  /** Returns what is known of the request, or undefined and remembers it as being worked on. */
  begin(source: Address, id: number, now: Instant): SeenRequest | undefined {
    this.#expire(now)
    const key = cacheKey(source, id)
    const known = this.#entries.get(key)
    if (known) return known.seen
    this.#entries.set(key, { seen: { kind: 'working' }, since: now })
    return undefined
  }

  /** Keeps the answer to a request. */
  answer(source: Address, id: number, reply: Uint8Array): void {
    const entry = this.#entries.get(cacheKey(source, id))
    if (entry) entry.seen = { kind: 'answered', reply }
  }

  /** The number of requests remembered. */
  get size(): number {
    return this.#entries.size
  }

  #expire(now: Instant): void {
    for (const [key, entry] of this.#entries) {
      if (now - entry.since < REPLY_CACHE_MS && this.#entries.size < REPLY_CACHE_MAX) return
      this.#entries.delete(key)
    }
  }
}

function cacheKey(source: Address, id: number): string {
  return `${source.key}/${id}`
}

/** Names read from the DHT, kept for a bounded time in a bounded number. */
import type { Instant } from '@ipop/runtime'
import type { Ipv4 } from '../ip/ipv4-address.ts'
import { DNS_CACHE_MAX } from '../limits.ts'

/** What is known about a name; no address = nobody registered it. */
export interface KnownName {
  readonly ip: Ipv4 | undefined
  readonly expiresAt: Instant
}

/** Forward and reverse in one. */
export class NameCache {
  readonly #names = new Map<string, KnownName>()

  /** Returns what is known about `name` now. */
  get(name: string, now: Instant): KnownName | undefined {
    const known = this.#names.get(name)
    return known !== undefined && known.expiresAt > now ? known : undefined
  }

  /** Returns a name of `ip` that was looked up before. */
  nameOf(ip: Ipv4, now: Instant): string | undefined {
    for (const [name, known] of this.#names) {
      if (known.ip === ip && known.expiresAt > now) return name
    }
    return undefined
  }

  /** Remembers a name; the oldest makes room. */
  set(name: string, known: KnownName): void {
    this.#names.delete(name)
    if (this.#names.size >= DNS_CACHE_MAX) {
      const oldest = this.#names.keys().next()
      if (oldest.done !== true) this.#names.delete(oldest.value)
    }
    this.#names.set(name, known)
  }
}

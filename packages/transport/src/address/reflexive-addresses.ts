/** Where others see this node: endpoints reported by peers and hello replies. */
import type { Instant } from '@ipop/runtime'
import {
  REFLEXIVE_ADDRESS_TTL_MS,
  REFLEXIVE_ADDRESSES_MAX,
  REFLEXIVE_ADDRESSES_OFFERED_MAX,
  REPORTERS_MAX,
} from '../limits.ts'
import { isLinkLocalIpv6, isLoopback, isWildcard } from './ip-text.ts'
import type { TransportAddress } from './transport-address.ts'

/** An address that others reported. */
export interface ReflexiveAddress {
  readonly ta: TransportAddress
  /** Who reported it, newest last. */
  readonly reporters: Set<string>
  /** When it was last reported. */
  seenAt: Instant
}

/** A small table of reflexive addresses. What a peer reports may be false, so every entry is only a candidate. */
export class ReflexiveAddresses {
  readonly #entries = new Map<string, ReflexiveAddress>()

  /** Takes a report into account; returns whether the address is new. */
  observe(ta: TransportAddress, reporter: string, now: Instant): boolean {
    if (ta.kind !== 'udp' || !ta.isLiteral || !isOfferable(ta.host)) return false
    const key = ta.toString()
    const known = this.#entries.get(key)
    if (known) {
      known.seenAt = now
      addReporter(known.reporters, reporter)
      return false
    }
    if (this.#entries.size >= REFLEXIVE_ADDRESSES_MAX) this.#dropOldest()
    this.#entries.set(key, { ta, reporters: new Set([reporter]), seenAt: now })
    return true
  }

  /** Lists what was reported lately, most reporters first, then newest first. */
  list(now: Instant): ReflexiveAddress[] {
    for (const [key, entry] of this.#entries) {
      if (now - entry.seenAt > REFLEXIVE_ADDRESS_TTL_MS) this.#entries.delete(key)
    }
    return [...this.#entries.values()].sort(
      (a, b) => b.reporters.size - a.reporters.size || b.seenAt - a.seenAt,
    )
  }

  /** Returns the addresses to offer in a hint. */
  offered(now: Instant): TransportAddress[] {
    return this.list(now)
      .slice(0, REFLEXIVE_ADDRESSES_OFFERED_MAX)
      .map((entry) => entry.ta)
  }

  /** Forgets all of them. */
  clear(): void {
    this.#entries.clear()
  }

  #dropOldest(): void {
    const oldest = [...this.#entries].reduce((a, b) => (b[1].seenAt < a[1].seenAt ? b : a))
    this.#entries.delete(oldest[0])
  }
}

function addReporter(reporters: Set<string>, reporter: string): void {
  if (reporters.has(reporter)) return
  if (reporters.size >= REPORTERS_MAX) {
    const [oldest] = reporters
    if (oldest !== undefined) reporters.delete(oldest)
  }
  reporters.add(reporter)
}

function isOfferable(host: string): boolean {
  return !isLoopback(host) && !isLinkLocalIpv6(host) && !isWildcard(host)
}

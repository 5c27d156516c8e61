/** Remembers first hops by which calls went unanswered that were answered another way: they lie, or lead to somebody who does. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import { CONNECTIONS_MAX, HOP_DISTRUST_FAILURES, HOP_DISTRUSTED_MS } from '../limits.ts'

interface Record {
  /** Calls in a row that were lost by it. */
  failures: number
  until: Instant
}

/** What this node thinks of its neighbours as first hops. A doubt only makes others preferred, and ends by itself. */
export class HopTrust {
  readonly #records = new Map<string, Record>()

  /** The number of neighbours that something is held against. */
  get size(): number {
    return this.#records.size
  }

  /** Notes that a call by `hop` was lost, though who should answer it was there. */
  lost(hop: Address, now: Instant): void {
    const failures = (this.#records.get(hop.key)?.failures ?? 0) + 1
    this.#records.delete(hop.key)
    this.#records.set(hop.key, { failures, until: now + HOP_DISTRUSTED_MS })
    if (this.#records.size <= CONNECTIONS_MAX) return
    const [oldest] = this.#records.keys()
    if (oldest !== undefined) this.#records.delete(oldest)
  }

  /** Notes that a call by `hop` was answered. */
  answered(hop: Address): void {
    this.#records.delete(hop.key)
  }

  /** Returns whether another first hop is to be preferred for now. */
  isDoubtful(hop: Address, now: Instant): boolean {
    const record = this.#records.get(hop.key)
    if (record === undefined) return false
    if (now < record.until) return record.failures >= HOP_DISTRUST_FAILURES
    this.#records.delete(hop.key)
    return false
  }
}

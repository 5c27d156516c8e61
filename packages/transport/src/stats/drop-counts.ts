/** Counts dropped datagrams and frames by reason. */
import { DROP_REASONS_MAX } from '../limits.ts'

/** A bounded table of counters. */
export class DropCounts {
  readonly #counts = new Map<string, number>()

  /** Counts one drop for `reason`. */
  count(reason: string): void {
    const known = this.#counts.get(reason)
    // Reasons are texts of this project, but a cap costs nothing.
    const key = known === undefined && this.#counts.size >= DROP_REASONS_MAX ? 'other' : reason
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  /** Returns the counters. */
  snapshot(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }
}

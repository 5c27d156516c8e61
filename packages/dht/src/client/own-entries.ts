/** What this node has stored in the DHT itself: sequence numbers, first claims, lives. */
import { toHex } from '@ipop/codec'
import type { Clock } from '@ipop/runtime'
import type { Entry } from '../entry/entry.ts'
import { OWN_KEYS_MAX } from '../limits.ts'

/** One value of this node. */
export interface OwnEntry {
  readonly entry: Entry
  /** Monotonic time at which it ends everywhere. */
  readonly expiresAt: number
}

/** Remembers the own entries and numbers new ones. */
export class OwnEntries {
  readonly #clock: Pick<Clock, 'now'>
  readonly #wallTimeMs: () => number
  readonly #keys = new Map<string, Map<string, OwnEntry>>()
  #lastSequence = 0

  constructor(modules: { clock: Pick<Clock, 'now'>; wallTimeMs: () => number }) {
    this.#clock = modules.clock
    this.#wallTimeMs = modules.wallTimeMs
  }

  /** Returns the next sequence number: the wall time, so that it grows across restarts, but always above the last. */
  nextSequence(): number {
    this.#lastSequence = Math.max(this.#lastSequence + 1, Math.floor(this.#wallTimeMs()))
    return this.#lastSequence
  }

  /** Notes that a replica knows a higher number of this owner: the clock was set back since. */
  skipTo(sequence: number): void {
    this.#lastSequence = Math.max(this.#lastSequence, sequence)
  }

  /** Remembers an entry that was acknowledged; it replaces what it supersedes. */
  remember(entry: Entry): void {
    const name = toHex(entry.keyHash)
    const slots = this.#keys.get(name) ?? new Map<string, OwnEntry>()
    for (const [slotId, old] of slots) if (old.entry.sequence < entry.floor) slots.delete(slotId)
    const expiresAt = this.#clock.now() + entry.ttlSeconds * 1_000
    slots.set(entry.slotId, { entry, expiresAt })
    this.#keys.delete(name)
    const oldest = this.#keys.keys().next()
    if (this.#keys.size >= OWN_KEYS_MAX && !oldest.done) this.#keys.delete(oldest.value)
    this.#keys.set(name, slots)
  }

  /** Returns the highest floor among the remembered entries of a key: new entries must not lower it. */
  floorOf(keyHash: Uint8Array): number {
    const slots = this.#keys.get(toHex(keyHash))?.values() ?? []
    return Math.max(0, ...[...slots].map(({ entry }) => entry.floor))
  }

  /** Forgets one slot of a key, or all. */
  forget(keyHash: Uint8Array, slotId?: string): void {
    const name = toHex(keyHash)
    if (slotId !== undefined) this.#keys.get(name)?.delete(slotId)
    if (slotId === undefined || this.#keys.get(name)?.size === 0) this.#keys.delete(name)
  }

  /**
   * Returns the own entries of a key that are certainly still alive. A machine that slept finds its monotonic clock
   * behind and one whose clock was set finds the wall clock off; whichever says "expired" is believed, because renewing an
   * entry that ended would take the key from whoever got it since.
   */
  live(keyHash: Uint8Array): OwnEntry[] {
    const now = this.#clock.now()
    const wallMs = this.#wallTimeMs()
    return [...(this.#keys.get(toHex(keyHash))?.values() ?? [])].filter(
      ({ entry, expiresAt }) =>
        expiresAt > now && entry.signedAtMs + entry.ttlSeconds * 1_000 > wallMs,
    )
  }
}

/** Turns bytes from a peer into entries that may be trusted to be their owner's. */
import { createHash } from 'node:crypto'
import { Malformed } from '@ipop/codec'
import { CHECKED_ENTRIES_MAX } from '../limits.ts'
import { faultOf, isSignedByOwner, parseEntry, type Entry, type EntryFault } from './entry.ts'

/** Checks entries; remembers good signatures, because eight replicas send the same bytes. */
export class EntryChecker {
  readonly #wallTimeMs: () => number
  readonly #good = new Map<string, Entry>()

  constructor(modules: { wallTimeMs: () => number }) {
    this.#wallTimeMs = modules.wallTimeMs
  }

  /** Returns the entry for `keyHash` in `bytes`, or what is wrong with it. */
  check(keyHash: Uint8Array, bytes: Uint8Array): Entry | EntryFault {
    const name = createHash('sha256').update(keyHash).update(bytes).digest('base64')
    const known = this.#good.get(name)
    if (known) return faultOf(known, this.#wallTimeMs()) ?? known
    const entry = parseEntry(keyHash.slice(), bytes)
    if (entry instanceof Malformed) return 'malformed'
    const fault = faultOf(entry, this.#wallTimeMs())
    if (fault) return fault
    if (!isSignedByOwner(entry)) return 'signature'
    this.#remember(name, entry)
    return entry
  }

  #remember(name: string, entry: Entry): void {
    const oldest = this.#good.keys().next()
    if (this.#good.size >= CHECKED_ENTRIES_MAX && !oldest.done) this.#good.delete(oldest.value)
    this.#good.set(name, entry)
  }
}

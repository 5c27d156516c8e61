/** The local node's record, signed anew before it gets old. */
import type { Identity } from '../identity/identity.ts'
import { RECORD_LIFETIME_MS } from '../limits.ts'
import { encodeNodeRecord } from '../wire/node-record.ts'
import type { NodeRecord } from '../wire/node-record.ts'

/** Keeps one signed record and its wire form. */
export class OwnRecord {
  readonly #wallTimeMs: () => number
  readonly #identity: Identity
  #cached: { readonly record: NodeRecord; readonly bytes: Uint8Array } | undefined

  constructor(
    modules: { readonly wallTimeMs: () => number },
    options: { readonly identity: Identity },
  ) {
    this.#wallTimeMs = modules.wallTimeMs
    this.#identity = options.identity
  }

  /** The record; at least half of its lifetime is left. */
  get record(): NodeRecord {
    return this.#fresh().record
  }

  /** Its wire form. */
  get bytes(): Uint8Array {
    return this.#fresh().bytes
  }

  #fresh(): { readonly record: NodeRecord; readonly bytes: Uint8Array } {
    const now = this.#wallTimeMs()
    const left = (this.#cached?.record.expiresAtMs ?? 0) - now
    // More than a lifetime left means that the wall clock stepped back.
    if (this.#cached === undefined || left < RECORD_LIFETIME_MS / 2 || left > RECORD_LIFETIME_MS) {
      const record = this.#identity.record(now + RECORD_LIFETIME_MS)
      this.#cached = { record, bytes: encodeNodeRecord(record) }
    }
    return this.#cached
  }
}

/** Remembers decoded hints, because rings name the same peers again and again, to many nodes of one process. */
import type { PeerHint } from '../address/peer-hint.ts'
import { DECODED_HINTS_MAX } from '../limits.ts'

/** A cache of a pure function, by its bytes: what it holds changes how fast an answer comes, never which. */
export class HintCache {
  readonly #max: number
  #recent = new Map<string, PeerHint>()
  #older = new Map<string, PeerHint>()
  readonly #bytes = new WeakMap<PeerHint, Uint8Array>()

  constructor(max: number) {
    this.#max = max
  }

  /** How many entries there are; one that moved to the newer half is counted in both until the older one goes. */
  get size(): number {
    return this.#recent.size + this.#older.size
  }

  /** Returns the hint that `name` stands for; one that was used lately is kept for longer. */
  get(name: string): PeerHint | undefined {
    const recent = this.#recent.get(name)
    if (recent !== undefined) return recent
    const older = this.#older.get(name)
    if (older !== undefined) this.add(name, older)
    return older
  }

  /** Remembers a hint. */
  add(name: string, hint: PeerHint): void {
    if (this.#recent.size >= this.#max / 2) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(name, hint)
  }

  /** Returns the bytes that `encode` makes of a hint, made once for each object. */
  bytesOf(hint: PeerHint, encode: (hint: PeerHint) => Uint8Array): Uint8Array {
    const known = this.#bytes.get(hint)
    if (known !== undefined) return known
    const bytes = encode(hint)
    this.#bytes.set(hint, bytes)
    return bytes
  }
}

/** The process's cache. */
export const hints = new HintCache(DECODED_HINTS_MAX)

/** Returns the name of a hint's bytes. */
export function nameOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

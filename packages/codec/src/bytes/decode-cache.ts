/** Remembers what bytes were decoded to, for messages that name the same things again and again. */
import { latin1Of } from './bytes.ts'

/** A cache of a pure function: what it holds changes how fast an answer comes, never which. */
export class DecodeCache<T> {
  readonly #max: number
  #recent = new Map<string, T>()
  #older = new Map<string, T>()

  constructor(max: number) {
    this.#max = max
  }

  /** How many entries there are; one that moved to the newer half counts twice until the older half goes. */
  get size(): number {
    return this.#recent.size + this.#older.size
  }

  /** Returns what `bytes` stand for; one that was asked for lately is kept for longer. */
  get(bytes: Uint8Array): T | undefined {
    const name = latin1Of(bytes)
    const recent = this.#recent.get(name)
    if (recent !== undefined) return recent
    const older = this.#older.get(name)
    if (older !== undefined) this.#add(name, older)
    return older
  }

  /** Remembers what `bytes` stand for. */
  set(bytes: Uint8Array, value: T): void {
    this.#add(latin1Of(bytes), value)
  }

  #add(name: string, value: T): void {
    if (this.#recent.size >= this.#max / 2) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(name, value)
  }
}

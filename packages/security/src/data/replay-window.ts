/** Which counters of one key have been seen (RFC 6479's ring of bits). */
import { COUNTER_MAX, REPLAY_WINDOW_MESSAGES } from '../limits.ts'

// One word more than the window, so that clearing whole words never forgets a counter inside it.
const WORDS = REPLAY_WINDOW_MESSAGES / 32 + 1

/** Remembers the last 8,192 counters below the highest one. */
export class ReplayWindow {
  #highest = -1
  #bits: Uint32Array | undefined

  /** Returns whether `counter` is new, neither seen nor too old to tell. */
  isNew(counter: number): boolean {
    if (counter > this.#highest) return counter <= COUNTER_MAX
    if (counter <= this.#highest - REPLAY_WINDOW_MESSAGES) return false
    const word = this.#bits?.[Math.floor(counter / 32) % WORDS] ?? 0
    return (word & (1 << (counter % 32))) === 0
  }

  /** Marks a new, authenticated `counter` as seen. */
  accept(counter: number): void {
    this.#bits ??= new Uint32Array(WORDS)
    const block = Math.floor(counter / 32)
    if (counter > this.#highest) {
      const highestBlock = Math.floor(this.#highest / 32)
      const stale = Math.min(block - highestBlock, WORDS)
      for (let i = 1; i <= stale; i++) this.#bits[(highestBlock + i + WORDS) % WORDS] = 0
      this.#highest = counter
    }
    const slot = block % WORDS
    this.#bits[slot] = (this.#bits[slot] ?? 0) | (1 << (counter % 32))
  }
}

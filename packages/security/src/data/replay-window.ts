/** Which counters of one key have been seen (RFC 6479's ring of bits). */
import { COUNTER_MAX, REPLAY_WINDOW_MESSAGES } from '../limits.ts'

// One word more than the window, so that clearing whole words never forgets a counter inside it.
const WORDS_FULL = REPLAY_WINDOW_MESSAGES / 32 + 1

/** Most keys of a large ring carry a few dozen datagrams: their window never needs its full kilobyte. */
const WORDS_FIRST = 4

/** Remembers the last 8,192 counters below the highest one. */
export class ReplayWindow {
  #highest = -1
  /** Until it has its full size it holds every counter from 0 on, so that growing moves nothing. */
  #bits: Uint32Array | number[] | undefined

  /** Returns whether `counter` is new, neither seen nor too old to tell. */
  isNew(counter: number): boolean {
    if (counter > this.#highest) return counter <= COUNTER_MAX
    if (counter <= this.#highest - REPLAY_WINDOW_MESSAGES) return false
    const bits = this.#bits
    const word = bits?.[Math.floor(counter / 32) % bits.length] ?? 0
    return (word & (1 << (counter % 32))) === 0
  }

  /** Marks a new, authenticated `counter` as seen. */
  accept(counter: number): void {
    const block = Math.floor(counter / 32)
    const bits = this.#sized(block)
    if (counter > this.#highest) {
      const highestBlock = Math.floor(this.#highest / 32)
      const stale = Math.min(block - highestBlock, bits.length)
      for (let i = 1; i <= stale; i++) bits[(highestBlock + i + bits.length) % bits.length] = 0
      this.#highest = counter
    }
    const slot = block % bits.length
    bits[slot] = (bits[slot] ?? 0) | (1 << (counter % 32))
  }

  #sized(block: number): Uint32Array | number[] {
    // A plain list takes a third of a typed array's memory while it is this short.
    const bits = this.#bits ?? new Array<number>(WORDS_FIRST).fill(0)
    this.#bits = bits
    if (block < bits.length || bits.length === WORDS_FULL) return bits
    const grown = new Uint32Array(Math.min(WORDS_FULL, Math.max(2 * bits.length, block + 1)))
    grown.set(bits)
    return (this.#bits = grown)
  }
}

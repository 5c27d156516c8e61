/** How many hellos a port answers: per second in all, and per second and host. */
import type { Instant } from '@ipop/runtime'
import {
  HELLO_ANSWERS_PER_HOST_PER_SECOND_MAX,
  HELLO_ANSWERS_PER_SECOND_MAX,
  HELLO_RATE_CELLS,
} from '../limits.ts'

const WINDOW_MS = 1_000

/** Counts answers in one-second windows; hosts share hashed cells, so that sources cost no memory. */
export class HelloRateLimit {
  readonly #cells = new Uint16Array(HELLO_RATE_CELLS)
  #windowStart: Instant = Number.NEGATIVE_INFINITY
  #count = 0

  /** Counts one answer to `host` and returns whether it is within the limits. */
  allow(host: string, now: Instant): boolean {
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now
      this.#count = 0
      this.#cells.fill(0)
    }
    const cell = hash(host) % HELLO_RATE_CELLS
    const ofHost = this.#cells[cell] ?? 0
    if (ofHost >= HELLO_ANSWERS_PER_HOST_PER_SECOND_MAX) return false
    if (this.#count >= HELLO_ANSWERS_PER_SECOND_MAX) return false
    this.#cells[cell] = ofHost + 1
    this.#count++
    return true
  }
}

/** FNV-1a: an outsider may aim at a cell, and gains no more than by spoofing the host. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  }
  return value >>> 0
}

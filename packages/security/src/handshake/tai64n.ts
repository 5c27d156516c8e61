/** TAI64N time stamps, by which a responder refuses initiations that it has seen. */
import { TAI64N_BYTES } from '../wire/handshake-payload.ts'

// TAI64 counts from 2^62 s before 1970 TAI, which was 10 s ahead of UTC; leap seconds do not matter for an order.
const TAI64_BASE = 2n ** 62n + 10n
const NANOSECONDS_PER_MS = 1_000_000n
const NANOSECONDS_PER_S = 1_000_000_000n

/** Makes time stamps that only grow, even when the wall clock stands still or steps back. */
export class TimestampSource {
  #last = 0n

  /** Returns the next time stamp for the wall time `wallTimeMs`. */
  next(wallTimeMs: number): Uint8Array {
    const wall = BigInt(Math.floor(wallTimeMs)) * NANOSECONDS_PER_MS
    this.#last = wall > this.#last ? wall : this.#last + 1n
    const bytes = new Uint8Array(TAI64N_BYTES)
    const view = new DataView(bytes.buffer)
    view.setBigUint64(0, TAI64_BASE + this.#last / NANOSECONDS_PER_S)
    view.setUint32(8, Number(this.#last % NANOSECONDS_PER_S))
    return bytes
  }
}

/** Compares two time stamps: negative where `left` is earlier. */
export function compareTimestamps(left: Uint8Array, right: Uint8Array): number {
  return Buffer.compare(left, right)
}

/** Watches the wire for a sealing counter that is used twice (I16): the one mistake that breaks an AEAD. */
import type { Endpoint } from '@ipop/runtime'
import { COUNTERS_WATCHED_MAX } from '../limits.ts'
import type { World } from '../world/world.ts'

/** Offsets of transport data: type, 3 reserved, receiver index u32le, counter u64le, ciphertext. */
const TYPE_TRANSPORT_DATA = 4
const INDEX_OFFSET = 4
const COUNTER_OFFSET = 8
const CIPHERTEXT_OFFSET = 16

/** Remembers every (receiver, counter) pair sent, and what was sealed with it. */
export class CounterReuseWatch {
  readonly #seen = new Map<string, number>()
  readonly #violations: string[] = []

  /** Starts watching everything sent in `world`. */
  constructor(world: World) {
    world.onSend((from, to, bytes) => this.#look(from, to, bytes))
  }

  /** Number of pairs seen so far. */
  get watched(): number {
    return this.#seen.size
  }

  /** Returns what was sealed twice with one counter, as sentences. */
  violations(): readonly string[] {
    return this.#violations
  }

  #look(from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    if (bytes[0] !== TYPE_TRANSPORT_DATA || bytes.length < CIPHERTEXT_OFFSET) return
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const index = view.getUint32(INDEX_OFFSET, true)
    const counter = view.getBigUint64(COUNTER_OFFSET, true)
    const key = `${to.host}|${to.port}|${index}|${counter}`
    const content = checksum(bytes)
    const earlier = this.#seen.get(key)
    // One datagram may be sent over several paths or again; other bytes under the same counter may not.
    if (earlier !== undefined && earlier !== content) {
      const receiver = `${to.host}:${to.port} index ${index}`
      this.#violations.push(
        `${from.host}:${from.port} used counter ${counter} twice for ${receiver}`,
      )
    }
    if (this.#seen.size < COUNTERS_WATCHED_MAX) this.#seen.set(key, content)
  }
}

function checksum(bytes: Uint8Array): number {
  let sum = 0x811c9dc5
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193)
  return sum >>> 0
}

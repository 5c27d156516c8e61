/** Copies of packets on their way: cut from large blocks, so that not each of them is memory of its own for the engine. */
import { ARENA_BLOCK_BYTES } from '../limits.ts'

/** Hands out copies; a block goes when the last copy in it does. */
export class ByteArena {
  #block = new ArrayBuffer(0)
  #used = 0

  /** Returns a copy of `bytes` that nobody else has. */
  copy(bytes: Uint8Array): Uint8Array {
    if (bytes.length > ARENA_BLOCK_BYTES / 8) return new Uint8Array(bytes)
    if (this.#used + bytes.length > this.#block.byteLength) {
      this.#block = new ArrayBuffer(ARENA_BLOCK_BYTES)
      this.#used = 0
    }
    const copy = new Uint8Array(this.#block, this.#used, bytes.length)
    copy.set(bytes)
    this.#used += bytes.length
    return copy
  }
}

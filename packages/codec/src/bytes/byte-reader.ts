/** Reads numbers and byte ranges from a byte array without ever throwing. */
import { ZERO_FILL_BYTES_MAX } from '../limits.ts'

/**
 * A cursor over borrowed bytes. Reading past the end sets `failed` and yields zeros from then on, so that a decoder can
 * read a whole message and look at `ok` once. Numbers are big-endian unless the method's name ends in `le`.
 */
export class ByteReader {
  /** Whether a read went past the end. */
  failed = false
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Whether every read so far was within the bytes. */
  get ok(): boolean {
    return !this.failed
  }

  /** How many bytes are left to read. */
  get remaining(): number {
    return this.failed ? 0 : this.#bytes.length - this.#offset
  }

  /** Reads one byte. */
  u8(): number {
    const at = this.#take(1)
    return at < 0 ? 0 : this.#byte(at)
  }

  /** Reads a 16-bit number, big-endian. */
  u16(): number {
    const at = this.#take(2)
    return at < 0 ? 0 : (this.#byte(at) << 8) | this.#byte(at + 1)
  }

  /** Reads a 16-bit number, little-endian. */
  u16le(): number {
    const at = this.#take(2)
    return at < 0 ? 0 : this.#byte(at) | (this.#byte(at + 1) << 8)
  }

  /** Reads a 32-bit number, big-endian. */
  u32(): number {
    const at = this.#take(4)
    return at < 0 ? 0 : this.#word(at)
  }

  /** Reads a 32-bit number, little-endian. */
  u32le(): number {
    const at = this.#take(4)
    return at < 0 ? 0 : this.#wordLe(at)
  }

  /** Reads a 64-bit number, big-endian. */
  u64(): bigint {
    const at = this.#take(8)
    return at < 0 ? 0n : (BigInt(this.#word(at)) << 32n) | BigInt(this.#word(at + 4))
  }

  /** Reads a 64-bit number, little-endian. */
  u64le(): bigint {
    const at = this.#take(8)
    return at < 0 ? 0n : (BigInt(this.#wordLe(at + 4)) << 32n) | BigInt(this.#wordLe(at))
  }

  /** Reads `length` bytes as a view of the borrowed bytes; zeros (at most ZERO_FILL_BYTES_MAX) when there are fewer. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length)
    if (at >= 0) return this.#bytes.subarray(at, at + length)
    return new Uint8Array(length > 0 && length <= ZERO_FILL_BYTES_MAX ? length : 0)
  }

  /** Reads everything that is left, as a view of the borrowed bytes. */
  rest(): Uint8Array {
    return this.bytes(this.remaining)
  }

  // No DataView: asking a short array for its buffer makes the engine move it to memory of its own.
  #byte(at: number): number {
    return this.#bytes[at] as number
  }

  #word(at: number): number {
    const high = (this.#byte(at) << 24) | (this.#byte(at + 1) << 16)
    return (high | (this.#byte(at + 2) << 8) | this.#byte(at + 3)) >>> 0
  }

  #wordLe(at: number): number {
    const low = this.#byte(at) | (this.#byte(at + 1) << 8)
    return (low | (this.#byte(at + 2) << 16) | (this.#byte(at + 3) << 24)) >>> 0
  }

  /** Moves past `length` bytes and returns where they start, or -1 when there are fewer. */
  #take(length: number): number {
    const at = this.#offset
    if (this.failed || !(length >= 0) || length > this.#bytes.length - at) {
      this.failed = true
      return -1
    }
    this.#offset = at + length
    return at
  }
}

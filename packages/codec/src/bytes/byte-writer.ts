/** Writes numbers and byte ranges into a byte array that grows. */

/** A growing byte array. Numbers are big-endian unless the method's name ends in `le`, and are cut to their width. */
export class ByteWriter {
  // No DataView: asking a short array for its buffer makes the engine move it to memory of its own.
  #bytes: Uint8Array
  #length = 0

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(Math.max(capacity, 8))
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#length
  }

  /** Writes one byte. */
  u8(value: number): this {
    const at = this.#grow(1)
    this.#bytes[at] = value
    return this
  }

  /** Writes a 16-bit number, big-endian. */
  u16(value: number): this {
    const at = this.#grow(2)
    this.#bytes[at] = value >>> 8
    this.#bytes[at + 1] = value
    return this
  }

  /** Writes a 16-bit number, little-endian. */
  u16le(value: number): this {
    const at = this.#grow(2)
    this.#bytes[at] = value
    this.#bytes[at + 1] = value >>> 8
    return this
  }

  /** Writes a 32-bit number, big-endian. */
  u32(value: number): this {
    const at = this.#grow(4)
    for (let i = 0; i < 4; i++) this.#bytes[at + i] = value >>> (24 - 8 * i)
    return this
  }

  /** Writes a 32-bit number, little-endian. */
  u32le(value: number): this {
    const at = this.#grow(4)
    for (let i = 0; i < 4; i++) this.#bytes[at + i] = value >>> (8 * i)
    return this
  }

  /** Writes a 64-bit number, big-endian. */
  u64(value: bigint): this {
    const cut = BigInt.asUintN(64, value)
    return this.u32(Number(cut >> 32n)).u32(Number(cut & LOW_32_BITS))
  }

  /** Writes a 64-bit number, little-endian. */
  u64le(value: bigint): this {
    const cut = BigInt.asUintN(64, value)
    return this.u32le(Number(cut & LOW_32_BITS)).u32le(Number(cut >> 32n))
  }

  /** Copies `bytes` to the end. */
  bytes(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  /** Returns a copy of what was written. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  /** Makes room for `length` bytes and returns where they start. */
  #grow(length: number): number {
    const at = this.#length
    this.#length = at + length
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    return at
  }
}

const LOW_32_BITS = 0xffff_ffffn

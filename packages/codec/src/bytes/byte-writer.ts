/** Writes numbers and byte ranges into a byte array that grows. */

/** A growing byte array. Numbers are big-endian unless the method's name ends in `le`, and are cut to their width. */
export class ByteWriter {
  #bytes: Uint8Array
  #view: DataView
  #length = 0

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(Math.max(capacity, 8))
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#length
  }

  /** Writes one byte. */
  u8(value: number): this {
    const at = this.#grow(1)
    this.#view.setUint8(at, value)
    return this
  }

  /** Writes a 16-bit number, big-endian. */
  u16(value: number): this {
    const at = this.#grow(2)
    this.#view.setUint16(at, value)
    return this
  }

  /** Writes a 16-bit number, little-endian. */
  u16le(value: number): this {
    const at = this.#grow(2)
    this.#view.setUint16(at, value, true)
    return this
  }

  /** Writes a 32-bit number, big-endian. */
  u32(value: number): this {
    const at = this.#grow(4)
    this.#view.setUint32(at, value)
    return this
  }

  /** Writes a 32-bit number, little-endian. */
  u32le(value: number): this {
    const at = this.#grow(4)
    this.#view.setUint32(at, value, true)
    return this
  }

  /** Writes a 64-bit number, big-endian. */
  u64(value: bigint): this {
    const at = this.#grow(8)
    this.#view.setBigUint64(at, value)
    return this
  }

  /** Writes a 64-bit number, little-endian. */
  u64le(value: bigint): this {
    const at = this.#grow(8)
    this.#view.setBigUint64(at, value, true)
    return this
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
      this.#view = new DataView(grown.buffer)
    }
    return at
  }
}

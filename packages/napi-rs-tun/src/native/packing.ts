/** Packets packed as `[u16le length][bytes]`..., the form in which batches cross the language border. */

/** Bytes in front of every packet: its length, little-endian. */
const PREFIX = 2

/** Returns the packets in `packed`, as views of it. */
export function unpack(packed: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = []
  let at = 0
  while (at + PREFIX <= packed.length) {
    const length = (packed[at] ?? 0) | ((packed[at + 1] ?? 0) << 8)
    packets.push(packed.subarray(at + PREFIX, at + PREFIX + length))
    at += PREFIX + length
  }
  return packets
}

/** Collects packets in one buffer and hands it over whenever it is full. */
export class Packer {
  readonly #buffer: Uint8Array
  #used = 0

  constructor(capacity: number) {
    this.#buffer = new Uint8Array(capacity)
  }

  /** Returns whether `packet` still fits. */
  hasRoomFor(packet: Uint8Array): boolean {
    return this.#used + PREFIX + packet.length <= this.#buffer.length
  }

  /** Appends `packet`, which must fit. */
  add(packet: Uint8Array): void {
    this.#buffer[this.#used] = packet.length & 0xff
    this.#buffer[this.#used + 1] = packet.length >> 8
    this.#buffer.set(packet, this.#used + PREFIX)
    this.#used += PREFIX + packet.length
  }

  /** Returns what was collected, borrowed until the next `add`, and starts again. */
  take(): Uint8Array {
    const packed = this.#buffer.subarray(0, this.#used)
    this.#used = 0
    return packed
  }
}

/**
 * Datagrams in a byte stream, big-endian. See docs/wire/stream-framing.md.
 *   offset  size  field
 *        0     2  length n of the datagram, at least 1
 *        2     n  datagram
 */
import { STREAM_DATAGRAM_BYTES_MAX } from '../limits.ts'

const LENGTH_BYTES = 2

/** Returns a datagram with its length in front; undefined when it is empty or too long. */
export function encodeStreamDatagram(datagram: Uint8Array): Uint8Array | undefined {
  if (datagram.length === 0 || datagram.length > STREAM_DATAGRAM_BYTES_MAX) return undefined
  const bytes = new Uint8Array(LENGTH_BYTES + datagram.length)
  bytes[0] = datagram.length >> 8
  bytes[1] = datagram.length & 0xff
  bytes.set(datagram, LENGTH_BYTES)
  return bytes
}

/** Cuts a byte stream into datagrams. */
export class StreamDatagramReader {
  #rest = new Uint8Array(0)

  /**
   * Calls `onDatagram` with each complete datagram, borrowed until it returns. Returns false when the stream makes no
   * sense and should be closed. At most one incomplete datagram is kept.
   */
  read(bytes: Uint8Array, onDatagram: (datagram: Uint8Array) => void): boolean {
    const all = this.#rest.length === 0 ? bytes : concat(this.#rest, bytes)
    let at = 0
    while (all.length - at >= LENGTH_BYTES) {
      const length = ((all[at] ?? 0) << 8) | (all[at + 1] ?? 0)
      if (length === 0) return false
      const end = at + LENGTH_BYTES + length
      if (end > all.length) break
      onDatagram(all.subarray(at + LENGTH_BYTES, end))
      at = end
    }
    this.#rest = all.slice(at)
    return true
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(a.length + b.length)
  bytes.set(a)
  bytes.set(b, a.length)
  return bytes
}

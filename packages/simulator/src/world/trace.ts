/** What happened on the network: a hash over all of it, and the newest packets in full. */
import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import type { Endpoint } from '@ipop/runtime'
import { PACKET_RECORDS_MAX } from '../limits.ts'
import type { DropReason } from './stats.ts'

/** Whether a packet arrived, or why not. `stream` is a piece of a stream that arrived. */
export type PacketOutcome = 'delivered' | 'stream' | DropReason

/** One packet of the trace. */
export interface PacketRecord {
  readonly atMs: number
  readonly from: Endpoint
  readonly to: Endpoint
  readonly outcome: PacketOutcome
  readonly length: number
  /** First byte, which tells the kind of message. */
  readonly firstByte: number | undefined
}

/** A record that is overwritten. */
type Slot = { -readonly [Field in keyof PacketRecord]: PacketRecord[Field] }

/** The buffer hashed at once; large enough to make the cost per packet small. */
const CHUNK_BYTES = 131_072

/** Separators and ports beside the other texts of a packet's header, at most. */
const TEXT_BYTES_MORE = 24

const SEPARATOR = 0x7c
const DIGIT_ZERO = 0x30

/** Digests every packet in the order of its fate. */
export class PacketTrace {
  /** The newest packets; their records are overwritten in turn, as a new one for each would be moved by the collector. */
  readonly #recent: Slot[] = []
  #oldest = 0
  readonly #hash: Hash = createHash('sha256')
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  #used = 0

  /** Adds a packet's fate. */
  add(outcome: PacketOutcome, atMs: number, from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    this.#absorb(outcome, atMs, from, to, bytes)
    if (this.#recent.length < PACKET_RECORDS_MAX) {
      this.#recent.push({ atMs, from, to, outcome, length: bytes.length, firstByte: bytes[0] })
      return
    }
    const record = this.#recent[this.#oldest] as Slot
    this.#oldest = (this.#oldest + 1) % PACKET_RECORDS_MAX
    record.atMs = atMs
    record.from = from
    record.to = to
    record.outcome = outcome
    record.length = bytes.length
    record.firstByte = bytes[0]
  }

  /** Returns the newest packets, oldest first. */
  recent(): PacketRecord[] {
    const inOrder = [...this.#recent.slice(this.#oldest), ...this.#recent.slice(0, this.#oldest)]
    return inOrder.map((record) => ({ ...record }))
  }

  /** Returns the hash over everything added so far, as hexadecimal text. */
  digest(): string {
    return this.#hash.copy().update(this.#chunk.subarray(0, this.#used)).digest('hex')
  }

  #absorb(outcome: string, atMs: number, from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    const textBytes = outcome.length + from.host.length + to.host.length + TEXT_BYTES_MORE
    if (this.#used + textBytes + 12 + bytes.length > CHUNK_BYTES) this.#flush()
    const chunk = this.#chunk
    this.#used = chunk.writeDoubleLE(atMs, this.#used)
    this.#used = chunk.writeUInt32LE(bytes.length, this.#used)
    this.#text(outcome)
    this.#text(from.host)
    this.#port(from.port)
    this.#text(to.host)
    this.#port(to.port)
    chunk.set(bytes, this.#used)
    this.#used += bytes.length
  }

  /** Writes character by character: texts this short take longer to join and to hand to the system. */
  #text(text: string): void {
    for (let at = 0; at < text.length; at++) this.#chunk[this.#used++] = text.charCodeAt(at)
    this.#chunk[this.#used++] = SEPARATOR
  }

  #port(port: number): void {
    let scale = 1
    while (scale * 10 <= port) scale *= 10
    for (; scale >= 1; scale /= 10)
      this.#chunk[this.#used++] = DIGIT_ZERO + (Math.floor(port / scale) % 10)
    this.#chunk[this.#used++] = SEPARATOR
  }

  #flush(): void {
    this.#hash.update(this.#chunk.subarray(0, this.#used))
    this.#used = 0
  }
}

/** What happened on the network: a hash over all of it, and the newest packets in full. */
import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import type { Endpoint } from '@ipop/runtime'
import { PACKET_RECORDS_MAX } from '../limits.ts'
import { RingBuffer } from './ring-buffer.ts'
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

/** The buffer hashed at once; large enough to make the cost per packet small. */
const CHUNK_BYTES = 131_072

/** Digests every packet in the order of its fate. */
export class PacketTrace {
  readonly recent = new RingBuffer<PacketRecord>(PACKET_RECORDS_MAX)
  readonly #hash: Hash = createHash('sha256')
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  #used = 0

  /** Adds a packet's fate. */
  add(outcome: PacketOutcome, atMs: number, from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    this.#absorb(`${outcome}|${from.host}|${from.port}|${to.host}|${to.port}|`, atMs, bytes)
    this.recent.push({ atMs, from, to, outcome, length: bytes.length, firstByte: bytes[0] })
  }

  /** Returns the hash over everything added so far, as hexadecimal text. */
  digest(): string {
    return this.#hash.copy().update(this.#chunk.subarray(0, this.#used)).digest('hex')
  }

  #absorb(header: string, atMs: number, bytes: Uint8Array): void {
    const needed = header.length + 12 + bytes.length
    if (this.#used + needed > CHUNK_BYTES) this.#flush()
    const chunk = this.#chunk
    this.#used = chunk.writeDoubleLE(atMs, this.#used)
    this.#used = chunk.writeUInt32LE(bytes.length, this.#used)
    this.#used += chunk.write(header, this.#used, 'latin1')
    chunk.set(bytes, this.#used)
    this.#used += bytes.length
  }

  #flush(): void {
    this.#hash.update(this.#chunk.subarray(0, this.#used))
    this.#used = 0
  }
}

/** Records the packets of an interface while somebody asks for it. */
import { TRACE_BUFFER_BYTES } from '../limits.ts'
import type { NativeTun } from '../native/addon.ts'
import { unpack } from '../native/packing.ts'

/** When a trace ends by itself. It also does when nobody drains it for ten seconds. */
export interface TraceLimits {
  /** Bytes kept of every packet. */
  readonly snapBytes: number
  readonly packetsMax: number
  readonly durationMs: number
}

/** What was recorded since the last call, and how far the trace is. */
export interface TraceBatch {
  /** Records of a pcap file, one after the other. */
  readonly records: Uint8Array
  /** Whether the trace has ended and this is the last batch. */
  readonly isOver: boolean
  /** Packets kept so far. */
  readonly captured: number
  /** Packets lost because nobody drained in time. */
  readonly dropped: number
}

/**
 * The trace of one interface: packets that were read from it and written to it, as they crossed it. With offloads that
 * are super-packets, whose transport checksums the kernel was to fill in, as `tcpdump` sees them there.
 */
export interface PacketTrace {
  /** pcap's name for what the records hold: 101 (IP packets) or 1 (Ethernet frames). */
  readonly linkType: number
  /** Begins; returns false while somebody else traces. */
  start(limits: TraceLimits): boolean
  /** Takes what was recorded; undefined when no trace was started. */
  drain(): TraceBatch | undefined
  /** Ends it; what was not drained is lost. Does nothing without a trace. */
  stop(): void
}

const LINKTYPE_ETHERNET = 1
const LINKTYPE_RAW = 101

/** Calls native code, translating its errors. */
type Guard = <T>(action: () => T) => T

/** A `PacketTrace` over one native interface. */
export class TunTrace implements PacketTrace {
  readonly linkType: number
  readonly #native: NativeTun
  readonly #guard: Guard

  constructor(native: NativeTun, isTap: boolean, guard: Guard) {
    this.linkType = isTap ? LINKTYPE_ETHERNET : LINKTYPE_RAW
    this.#native = native
    this.#guard = guard
  }

  start({ snapBytes, packetsMax, durationMs }: TraceLimits): boolean {
    return this.#guard(() => this.#native.startTrace(snapBytes, packetsMax, durationMs))
  }

  drain(): TraceBatch | undefined {
    const buffer = new Uint8Array(TRACE_BUFFER_BYTES)
    const state = this.#guard(() => this.#native.drainTrace(buffer))
    if (state === null) return undefined
    const { isOver, captured, dropped, filled } = state
    return { records: joined(buffer.subarray(0, filled)), isOver, captured, dropped }
  }

  stop(): void {
    this.#guard(() => this.#native.stopTrace())
  }
}

/** Closes the gaps between packed records. */
function joined(packed: Uint8Array): Uint8Array {
  let used = 0
  for (const record of unpack(packed)) {
    // Each moves to where something was that has moved already.
    packed.set(record, used)
    used += record.length
  }
  return packed.subarray(0, used)
}

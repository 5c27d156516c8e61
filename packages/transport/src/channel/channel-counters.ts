/** Arithmetic on traffic counters. */
import type { ChannelCounters } from './types.ts'

/** Returns counters at zero. */
export function newCounters(): ChannelCounters {
  return { packetsIn: 0, packetsOut: 0, bytesIn: 0, bytesOut: 0, dropsOut: 0 }
}

/** Adds `more` to `sum`. */
export function addCounters(sum: ChannelCounters, more: ChannelCounters): void {
  sum.packetsIn += more.packetsIn
  sum.packetsOut += more.packetsOut
  sum.bytesIn += more.bytesIn
  sum.bytesOut += more.bytesOut
  sum.dropsOut += more.dropsOut
}

/** Counts a frame that was sealed. */
export function countSent(counters: ChannelCounters, frame: Uint8Array): void {
  counters.packetsOut++
  counters.bytesOut += frame.length
}

/** What a world assumes where its options are silent. */
import { PERFECT_LINK } from '../network/link.ts'
import type { LinkProperties } from '../network/link.ts'
import type { WorldOptions } from './options.ts'

/** Returns the link of every path as the options describe it; the delay comes from the latency model. */
export function linkOf(options: WorldOptions): LinkProperties {
  return {
    ...PERFECT_LINK,
    jitterMs: options.jitterMs ?? 0,
    lossProbability: options.lossProbability ?? 0,
    duplicateProbability: options.duplicateProbability ?? 0,
    reorderProbability: options.reorderProbability ?? 0,
    datagramBytesMax: options.datagramBytesMax ?? Infinity,
  }
}

/** Returns the address of the host made as number `index`. */
export function defaultAddress(index: number): string {
  const number = index + 1
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`
}

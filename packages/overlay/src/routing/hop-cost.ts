/** How long the rest of a packet's way is expected to take by way of each neighbour. */
import type { Address } from '@ipop/address'
import { leftFraction } from '@ipop/address'
import { HOPS_PER_OCTAVE, REQUEST_TIMEOUT_MAX_MS, SHORTCUT_MIN_RING } from '../limits.ts'

/** A neighbour with its measured round trip, if there was one. */
export interface TimedHop {
  readonly address: Address
  readonly rttMs: number | undefined
  /** Whether it misses probes, so that a packet handed to it is lost most likely. */
  readonly isSuspect?: boolean
}

/**
 * Returns a function that tells what a packet to `destination` costs over a hop, in milliseconds: the hop's round trip,
 * and for the distance that remains as many hops of the mean length as greedy routes take; and what a loss costs. Undefined in a ring so
 * small, or at a node that has measured so little, that the nearest hop is as good as any.
 */
export function hopCosts<H extends TimedHop>(
  hops: readonly H[],
  destination: Address,
  ringSize: number,
): ((hop: H) => number) | undefined {
  if (ringSize <= SHORTCUT_MIN_RING) return undefined
  const meanMs = meanRttMs(hops)
  if (meanMs === undefined) return undefined
  const octaveMs = HOPS_PER_OCTAVE * meanMs
  return ({ address, rttMs = meanMs, isSuspect = false }) => {
    const left = leftFraction(address, destination)
    const nodesBetween = Math.min(left, 1 - left) * ringSize
    const lossMs = isSuspect ? REQUEST_TIMEOUT_MAX_MS : 0
    return rttMs + lossMs + octaveMs * Math.log2(1 + nodesBetween)
  }
}

function meanRttMs(hops: readonly TimedHop[]): number | undefined {
  let sum = 0
  let count = 0
  for (const { rttMs } of hops) {
    if (rttMs === undefined) continue
    sum += rttMs
    count++
  }
  return count === 0 ? undefined : sum / count
}

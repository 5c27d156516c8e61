/** Sums of what the data plane did not let through, by reason. */
import type { Refusals } from '../services.ts'

/** Nothing was refused. */
export const NO_REFUSALS: Refusals = {
  replays: 0,
  authFailures: 0,
  expired: 0,
  malformed: 0,
  foreignSource: 0,
  foreignDestination: 0,
  punted: 0,
  tooBig: 0,
  fragmented: 0,
  refused: 0,
}

const REASONS = Object.keys(NO_REFUSALS) as (keyof Refusals)[]

/** Returns the sum for every reason; an addon of another build may not know them all. */
export function addRefusals(sum: Refusals, more: Partial<Refusals> | undefined): Refusals {
  const counts = REASONS.map((reason) => [reason, sum[reason] + (more?.[reason] ?? 0)])
  return Object.fromEntries(counts) as Record<keyof Refusals, number>
}

/** Which plans are gentle enough to say who is to blame. */
import type { FaultKind, FaultPlan, NetworkConditions } from '@ipop/simulator'

/** Returns whether datagrams reach public machines, but for a share of at most `lossMax`. */
export function isQuiet({ nats, lossProbability }: NetworkConditions, lossMax = 0): boolean {
  return lossProbability <= lossMax && Object.values(nats).every((share) => share === 0)
}

/** Returns whether all faults of a plan are of some kinds. */
export function hasOnly({ faults }: FaultPlan, kinds: ReadonlySet<FaultKind>): boolean {
  return faults.every(({ kind }) => kinds.has(kind))
}

/** Turns the drawn conditions of a network into the options of a world. */
import { constantLatency, heavyTailLatency, kingLatency } from '@ipop/simulator'
import type { NetworkConditions, WorldOptions } from '@ipop/simulator'

const LATENCIES = {
  constant: constantLatency,
  king: kingLatency,
  'heavy tail': heavyTailLatency,
} as const

/** Returns the options that make a world have these conditions. */
export function conditionsOf(conditions: NetworkConditions): Omit<WorldOptions, 'seed'> {
  const { latency, latencyMs, jitterMs, lossProbability } = conditions
  const { duplicateProbability, reorderProbability, brokenProbability } = conditions
  return {
    latencyMs: LATENCIES[latency](latencyMs),
    jitterMs,
    lossProbability,
    duplicateProbability,
    reorderProbability,
    brokenProbability,
  }
}

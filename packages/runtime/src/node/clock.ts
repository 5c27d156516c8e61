/** The clock of the machine. */
import { performance } from 'node:perf_hooks'
import type { Clock } from '../ports/clock.ts'

/** Returns a clock whose instants count from now on. */
export function createNodeClock(): Clock {
  const start = performance.now()
  return {
    now: () => performance.now() - start,
    wallTimeMs: () => Date.now(),
  }
}

/** The verdict on a whole ring. */
import { checkCycle, traceCycles } from './cycle-checks.ts'
import { checkMutualConnections, checkNearLists, checkNeighbors } from './neighbor-checks.ts'
import type { RingNodeView, RingViolation } from './view.ts'

/** What is right and wrong with a ring. */
export interface RingReport {
  /** Whether no invariant is violated. */
  readonly isConsistent: boolean
  readonly liveNodes: number
  /** Share of live nodes that no violation names, from 0 to 1. */
  readonly consistency: number
  /** Number of cycles that left pointers form; 1 in a healthy ring. */
  readonly rings: number
  readonly violations: readonly RingViolation[]
}

/** Checks everything that must hold of a ring at rest: I1, I2, I4, I5, I6, I7. */
export function checkRing(views: readonly RingNodeView[]): RingReport {
  const violations = [
    ...checkNeighbors(views),
    ...checkCycle(views),
    ...checkNearLists(views),
    ...checkMutualConnections(views),
  ]
  const liveNodes = views.filter((view) => view.isAlive).length
  const faulty = new Set(violations.map((found) => found.node?.toString()))
  faulty.delete(undefined)
  return {
    isConsistent: violations.length === 0,
    liveNodes,
    consistency: liveNodes === 0 ? 1 : 1 - faulty.size / liveNodes,
    rings: liveNodes < 2 ? liveNodes : traceCycles(views).cycles.length,
    violations,
  }
}

/** Returns the first violations as text, one a line. */
export function formatViolations(violations: readonly RingViolation[], linesMax = 10): string {
  const lines = violations.slice(0, linesMax).map((found) => `${found.invariant}: ${found.reason}`)
  const rest = violations.length - lines.length
  return rest > 0 ? [...lines, `... and ${rest} more`].join('\n') : lines.join('\n')
}

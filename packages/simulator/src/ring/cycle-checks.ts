/** Checks of the shape that left pointers form together: one cycle that winds once. */
import { clockwise, LiveRing, positionOf, RING_SIZE, shortName } from './arithmetic.ts'
import { violation } from './neighbor-checks.ts'
import type { RingNodeView, RingViolation } from './view.ts'

/** One cycle of left pointers. */
export interface RingCycle {
  readonly nodes: readonly RingNodeView[]
  /** How often it goes around: the clockwise gaps add up to this many times the ring. */
  readonly windingNumber: number
}

/** The shape of a ring. */
export interface RingShape {
  readonly cycles: readonly RingCycle[]
  /** Live nodes that are on no cycle. */
  readonly appendages: readonly RingNodeView[]
}

/** Follows the left pointers of all live nodes. */
export function traceCycles(views: readonly RingNodeView[]): RingShape {
  const ring = new LiveRing(views)
  const next = ring.nodes.map(({ left }) => (left === undefined ? undefined : ring.indexOf(left)))
  const visitedBy = new Array<number>(next.length).fill(-1)
  const onCycle = new Set<number>()
  const cycles: RingCycle[] = []
  for (const start of next.keys()) {
    let index: number | undefined = start
    while (index !== undefined && visitedBy[index] === -1) {
      visitedBy[index] = start
      index = next[index]
    }
    if (index === undefined || visitedBy[index] !== start) continue
    const members = followFrom(index, next)
    for (const member of members) onCycle.add(member)
    cycles.push(describeCycle(members.map((member) => ring.nodes[member] as RingNodeView)))
  }
  return { cycles, appendages: ring.nodes.filter((_, index) => !onCycle.has(index)) }
}

/** Checks that there is one cycle (I4), that it winds once (I5), and that everybody is on it (I6). */
export function checkCycle(views: readonly RingNodeView[]): RingViolation[] {
  const isAlone = views.filter((view) => view.isAlive).length < 2
  if (isAlone) return []
  const { cycles, appendages } = traceCycles(views)
  const found: RingViolation[] = []
  if (cycles.length > 1) {
    const sizes = cycles.map((cycle) => cycle.nodes.length).join(', ')
    found.push({ invariant: 'I4', reason: `${cycles.length} disjoint rings of ${sizes} nodes` })
  }
  for (const cycle of cycles) {
    if (cycle.windingNumber === 1) continue
    const text = `a ring of ${cycle.nodes.length} nodes winds ${cycle.windingNumber} times`
    found.push(violation('I5', cycle.nodes[0] as RingNodeView, text))
  }
  for (const node of appendages) {
    found.push(violation('I6', node, `${shortName(node.address)} is on no cycle`))
  }
  return found
}

function followFrom(start: number, next: readonly (number | undefined)[]): number[] {
  const members = [start]
  for (let index = next[start]; index !== undefined && index !== start; index = next[index]) {
    members.push(index)
  }
  return members
}

function describeCycle(nodes: readonly RingNodeView[]): RingCycle {
  let total = 0n
  for (const [index, node] of nodes.entries()) {
    const following = nodes[(index + 1) % nodes.length] as RingNodeView
    const gap = clockwise(positionOf(node.address), positionOf(following.address))
    total += gap === 0n ? RING_SIZE : gap
  }
  return { nodes, windingNumber: Number(total / RING_SIZE) }
}

/** Checks of what each node says about its neighbours. */
import { clockwise, LiveRing, positionOf, shortName } from './arithmetic.ts'
import type { RingAddress, RingNodeView, RingViolation } from './view.ts'

/** Checks that each live node's left and right are the true live ones (I6). */
export function checkNeighbors(views: readonly RingNodeView[]): RingViolation[] {
  const ring = new LiveRing(views)
  if (ring.nodes.length < 2) return []
  return ring.nodes.flatMap((node, index) => [
    ...compareNeighbor(ring, node, 'left', node.left, ring.at(index, 1).address),
    ...compareNeighbor(ring, node, 'right', node.right, ring.at(index, -1).address),
  ])
}

/** Checks that near lists go outwards from their node, without itself and without repetition (I1, I2). */
export function checkNearLists(views: readonly RingNodeView[]): RingViolation[] {
  return views
    .filter((view) => view.isAlive)
    .flatMap((node) => {
      const self = positionOf(node.address)
      return [
        ...checkList(node, 'left', node.nearLeft ?? [], (other) => clockwise(self, other)),
        ...checkList(node, 'right', node.nearRight ?? [], (other) => clockwise(other, self)),
      ]
    })
}

/** Checks that each node still lists a live node on either side (I3). */
export function checkLiveSuccessors(views: readonly RingNodeView[]): RingViolation[] {
  const ring = new LiveRing(views)
  if (ring.nodes.length < 2) return []
  return ring.nodes.flatMap((node) =>
    (['left', 'right'] as const).flatMap((side): RingViolation[] => {
      const list = (side === 'left' ? node.nearLeft : node.nearRight) ?? []
      if (list.some((address) => ring.indexOf(address) !== undefined)) return []
      const text = `${shortName(node.address)} has no live node on its ${side} list`
      return [violation('I3', node, `${text} of ${list.length}`)]
    }),
  )
}

/** Checks that connections are mutual, between live nodes, and not with oneself (I7, I1). */
export function checkMutualConnections(views: readonly RingNodeView[]): RingViolation[] {
  const ring = new LiveRing(views)
  const known = ring.nodes.map((node) => new Set(node.connections.map(positionOf)))
  return ring.nodes.flatMap((node, index) => {
    const self = positionOf(node.address)
    const name = shortName(node.address)
    return node.connections.flatMap((address): RingViolation[] => {
      const peer = shortName(address)
      if (positionOf(address) === self) return [violation('I1', node, `${name} lists itself`)]
      const peerIndex = ring.indexOf(address)
      if (peerIndex === undefined) {
        return [violation('I7', node, `${name} lists ${peer}, which is not alive`)]
      }
      if (known[peerIndex]?.has(self) === true) return []
      return [
        violation(
          'I7',
          ring.nodes[index] as RingNodeView,
          `${name} lists ${peer}, not so ${peer} ${name}`,
        ),
      ]
    })
  })
}

/** Checks that no node has more connections than `connectionsMax` (I11). */
export function checkConnectionCap(
  views: readonly RingNodeView[],
  connectionsMax: number,
): RingViolation[] {
  return views
    .filter((view) => view.isAlive && view.connections.length > connectionsMax)
    .map((node) => {
      const count = `${node.connections.length} connections, over ${connectionsMax}`
      return violation('I11', node, `${shortName(node.address)} has ${count}`)
    })
}

function compareNeighbor(
  ring: LiveRing,
  node: RingNodeView,
  side: 'left' | 'right',
  believed: RingAddress | undefined,
  actual: RingAddress,
): RingViolation[] {
  if (believed !== undefined && positionOf(believed) === positionOf(actual)) return []
  const isDead = believed !== undefined && ring.indexOf(believed) === undefined
  const name = believed === undefined ? 'nobody' : shortName(believed)
  const claim = `the ${side} neighbor of ${shortName(node.address)} is ${shortName(actual)}`
  return [violation('I6', node, `${claim}, it believes ${name}${isDead ? ' (not alive)' : ''}`)]
}

function checkList(
  node: RingNodeView,
  side: 'left' | 'right',
  list: readonly RingAddress[],
  away: (position: bigint) => bigint,
): RingViolation[] {
  const name = shortName(node.address)
  let previous = 0n
  const found: RingViolation[] = []
  const seen = new Set<bigint>([positionOf(node.address)])
  for (const address of list) {
    const position = positionOf(address)
    const distance = away(position)
    const peer = shortName(address)
    if (seen.has(position)) {
      found.push(violation('I1', node, `${peer} repeats on the ${side} list of ${name}`))
    } else if (distance < previous) {
      found.push(violation('I2', node, `${peer} is out of order on the ${side} list of ${name}`))
    }
    seen.add(position)
    previous = distance
  }
  return found
}

/** Returns a violation of `invariant` that `node` shows. */
export function violation(
  invariant: RingViolation['invariant'],
  node: RingNodeView,
  reason: string,
): RingViolation {
  return { invariant, node: node.address, reason }
}

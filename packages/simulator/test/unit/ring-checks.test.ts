/** Each ring checker accepts a healthy ring and names the one planted violation. */
import { describe, expect, it } from '@jest/globals'
import {
  checkConnected,
  checkConnectionCap,
  checkCycle,
  checkGreedyRoutes,
  checkLiveSuccessors,
  checkMutualConnections,
  checkNearLists,
  checkNeighbors,
  checkRing,
  formatViolations,
  meanGreedyHops,
  nearestNode,
  traceCycles,
} from '../../src/index.ts'
import type { RingAddress, RingNodeView } from '../../src/index.ts'

describe('the ring checkers', () => {
  it.each([0, 1, 2, 3, 10])('find nothing wrong with a healthy ring of %d', (size) => {
    const views = healthyRing(size)
    const report = checkRing(views)
    expect(formatViolations(report.violations)).toBe('')
    expect(report).toMatchObject({ isConsistent: true, liveNodes: size, consistency: 1 })
    expect(checkConnected(views)).toEqual([])
    expect(checkLiveSuccessors(views)).toEqual([])
    expect(checkGreedyRoutes(views, { hopsMax: size })).toEqual([])
  })

  it('ignore what dead nodes believe', () => {
    const views = [...healthyRing(5), { ...nodeAt(77), isAlive: false, left: at(1) }]
    expect(checkRing(views).isConsistent).toBe(true)
  })
})

describe('checkNeighbors', () => {
  it('names a node that believes in a wrong neighbor', () => {
    const views = change(healthyRing(6), 2, { left: at(50) })
    expect(reasons(checkNeighbors(views))).toEqual([
      'I6: the left neighbor of 20 is 30, it believes 50',
    ])
  })

  it('names a node that believes in a dead neighbor', () => {
    const views = change(healthyRing(6), 3, { isAlive: false })
    expect(reasons(checkNeighbors(views))).toEqual([
      'I6: the left neighbor of 20 is 40, it believes 30 (not alive)',
      'I6: the right neighbor of 40 is 20, it believes 30 (not alive)',
    ])
  })

  it('names a node that knows nobody', () => {
    const views = change(healthyRing(3), 0, { right: undefined })
    expect(reasons(checkNeighbors(views))).toEqual([
      'I6: the right neighbor of 0 is 20, it believes nobody',
    ])
  })
})

describe('checkCycle', () => {
  it('sees a ring that winds twice although neighbors agree', () => {
    const order = [0, 20, 40, 10, 30]
    const views = ringInOrder(order)
    expect(reasons(checkCycle(views))).toEqual(['I5: a ring of 5 nodes winds 2 times'])
    expect(checkMutualConnections(views)).toEqual([])
    expect(traceCycles(views).cycles[0]?.windingNumber).toBe(2)
  })

  it('sees two disjoint rings', () => {
    const views = [...ringInOrder([0, 20, 40]), ...ringInOrder([10, 30])]
    expect(reasons(checkCycle(views))).toEqual(['I4: 2 disjoint rings of 3, 2 nodes'])
    expect(checkRing(views).rings).toBe(2)
  })

  it('sees an appendage that points into the ring', () => {
    const views = [...ringInOrder([0, 20, 40]), { ...nodeAt(30), left: at(40), right: at(20) }]
    expect(reasons(checkCycle(views))).toEqual(['I6: 30 is on no cycle'])
  })
})

describe('checkNearLists', () => {
  it('sees lists out of order, with repetitions, and with the node itself', () => {
    const views = change(healthyRing(6), 0, {
      nearLeft: [at(20), at(10)],
      nearRight: [at(50), at(50), at(0)],
    })
    expect(reasons(checkNearLists(views))).toEqual([
      'I2: 10 is out of order on the left list of 0',
      'I1: 50 repeats on the right list of 0',
      'I1: 0 repeats on the right list of 0',
    ])
  })
})

describe('checkLiveSuccessors', () => {
  it('sees a list without a live node', () => {
    const views = change(healthyRing(6), 1, { nearLeft: [at(99), at(98)] })
    expect(reasons(checkLiveSuccessors(views))).toEqual([
      'I3: 10 has no live node on its left list of 2',
    ])
  })
})

describe('checkMutualConnections', () => {
  it('sees a connection that one side does not know', () => {
    const views = change(healthyRing(6), 2, { connections: [at(10), at(30), at(50)] })
    expect(reasons(checkMutualConnections(views))).toEqual(['I7: 20 lists 50, not so 50 20'])
  })

  it('sees connections with the dead and with oneself', () => {
    const views = change(healthyRing(3), 0, { connections: [at(0), at(10), at(20), at(66)] })
    expect(reasons(checkMutualConnections(views))).toEqual([
      'I1: 0 lists itself',
      'I7: 0 lists 66, which is not alive',
    ])
  })
})

describe('the graph checkers', () => {
  it('see an overlay in two pieces', () => {
    const views = [...ringInOrder([0, 20, 40]), ...ringInOrder([10, 30])]
    expect(reasons(checkConnected(views))).toEqual([
      'I10: the overlay is in 2 pieces of 3, 2 nodes',
    ])
  })

  it('see a route that ends before its destination', () => {
    const views = [...ringInOrder([0, 20, 40]), { ...nodeAt(30), connections: [at(40)] }]
    const found = checkGreedyRoutes(views, { hopsMax: 5 })
    expect(reasons(found)).toContain('I8: the route from 20 to 30 ends at 20')
  })

  it('see a route that is too long', () => {
    expect(checkGreedyRoutes(healthyRing(9), { hopsMax: 3 }).length).toBeGreaterThan(0)
    expect(meanGreedyHops(healthyRing(10))).toBeCloseTo(25 / 9, 5)
  })

  it('see a node with too many connections', () => {
    const views = change(healthyRing(4), 0, { connections: [at(10), at(20), at(30)] })
    expect(reasons(checkConnectionCap(views, 2))).toEqual(['I11: 0 has 3 connections, over 2'])
  })

  it('find the node nearest to a position', () => {
    expect(nearestNode(healthyRing(4), at(16))?.address.toString()).toBe('node:20')
    expect(nearestNode([], at(16))).toBeUndefined()
  })
})

/** Position `percent` percent around the ring. */
function at(percent: number): RingAddress {
  const position = ((1n << 160n) * BigInt(percent)) / 100n
  const bytes = Uint8Array.from(Buffer.from(position.toString(16).padStart(40, '0'), 'hex'))
  return { bytes, toString: () => `node:${percent}` }
}

function nodeAt(percent: number): RingNodeView {
  return { address: at(percent), isAlive: true, connections: [] }
}

/** A ring at 0, 10, 20, ... in which everything is as it should be; nine or ten nodes fill the whole ring. */
function healthyRing(size: number): RingNodeView[] {
  return ringInOrder(Array.from({ length: size }, (_, index) => index * 10))
}

/** A ring whose left pointers follow the given order. */
function ringInOrder(order: readonly number[]): RingNodeView[] {
  return order.map((percent, index) => {
    const left = order[(index + 1) % order.length] as number
    const right = order[(index + order.length - 1) % order.length] as number
    const others = [...new Set([left, right])].filter((other) => other !== percent)
    return {
      ...nodeAt(percent),
      ...(others.length > 0 && { left: at(left), right: at(right) }),
      nearLeft: others.length > 0 ? [at(left)] : [],
      nearRight: others.length > 0 ? [at(right)] : [],
      connections: others.map(at),
    }
  })
}

function change(
  views: readonly RingNodeView[],
  index: number,
  difference: Partial<RingNodeView>,
): RingNodeView[] {
  return views.map((view, i) => (i === index ? { ...view, ...difference } : view))
}

function reasons(found: readonly { invariant: string; reason: string }[]): string[] {
  return found.map(({ invariant, reason }) => `${invariant}: ${reason}`)
}

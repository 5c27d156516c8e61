/** Checks of the graph that connections form: in one piece, and greedy routing finds everybody. */
import { LiveRing, positionOf, ringDistance, shortName } from './arithmetic.ts'
import { violation } from './neighbor-checks.ts'
import type { RingNodeView, RingViolation } from './view.ts'

/** Checks that every live node can be reached from every other over connections (I10). */
export function checkConnected(views: readonly RingNodeView[]): RingViolation[] {
  const ring = new LiveRing(views)
  const pieces = components(linksOf(ring))
  if (pieces.length < 2) return []
  const sizes = pieces.map((piece) => piece.length).sort((a, b) => b - a)
  const reason = `the overlay is in ${pieces.length} pieces of ${sizes.join(', ')} nodes`
  return [{ invariant: 'I10', reason }]
}

/** Which routes to check, and how long they may be. */
export interface RouteCheckOptions {
  /** Most hops a route may take. */
  readonly hopsMax: number
  /** Check routes from every n-th node only, which matters in large rings. */
  readonly everyNth?: number
}

/** Checks that greedy routing over the connections ends at the destination, within the hop bound (I8). */
export function checkGreedyRoutes(
  views: readonly RingNodeView[],
  options: RouteCheckOptions,
): RingViolation[] {
  const ring = new LiveRing(views)
  const links = linksOf(ring)
  const found: RingViolation[] = []
  for (let from = 0; from < ring.nodes.length; from += options.everyNth ?? 1) {
    for (const to of ring.nodes.keys()) {
      const route = greedyRoute(ring, links, from, to)
      const problem = describeRoute(ring, route, to, options.hopsMax)
      if (problem !== undefined)
        found.push(violation('I8', ring.nodes[from] as RingNodeView, problem))
    }
  }
  return found
}

/** Returns how many hops greedy routing takes on average, over the routes that arrive. */
export function meanGreedyHops(views: readonly RingNodeView[]): number {
  const ring = new LiveRing(views)
  const links = linksOf(ring)
  let hops = 0
  let routes = 0
  for (const from of ring.nodes.keys()) {
    for (const to of ring.nodes.keys()) {
      const route = greedyRoute(ring, links, from, to)
      if (from === to || route.at(-1) !== to) continue
      hops += route.length - 1
      routes++
    }
  }
  return routes === 0 ? 0 : hops / routes
}

function linksOf(ring: LiveRing): number[][] {
  return ring.nodes.map((node) =>
    node.connections
      .map((address) => ring.indexOf(address))
      .filter((index): index is number => index !== undefined),
  )
}

function components(links: readonly (readonly number[])[]): number[][] {
  const seen = new Set<number>()
  const pieces: number[][] = []
  for (const start of links.keys()) {
    if (seen.has(start)) continue
    const piece = [start]
    seen.add(start)
    for (const index of piece) {
      for (const next of links[index] ?? []) {
        if (seen.has(next)) continue
        seen.add(next)
        piece.push(next)
      }
    }
    pieces.push(piece)
  }
  return pieces
}

function greedyRoute(
  ring: LiveRing,
  links: readonly (readonly number[])[],
  from: number,
  to: number,
): number[] {
  const target = ring.positions[to] as bigint
  const route = [from]
  let current = from
  let distance = ringDistance(ring.positions[from] as bigint, target)
  while (current !== to) {
    let best = current
    for (const next of links[current] ?? []) {
      const nextDistance = ringDistance(ring.positions[next] as bigint, target)
      if (nextDistance >= distance) continue
      best = next
      distance = nextDistance
    }
    if (best === current) break
    current = best
    route.push(current)
  }
  return route
}

function describeRoute(
  ring: LiveRing,
  route: readonly number[],
  to: number,
  hopsMax: number,
): string | undefined {
  const nameAt = (index: number): string => shortName((ring.nodes[index] as RingNodeView).address)
  const ends = `${nameAt(route[0] as number)} to ${nameAt(to)}`
  const last = route.at(-1) as number
  if (last !== to) return `the route from ${ends} ends at ${nameAt(last)}`
  if (route.length - 1 <= hopsMax) return undefined
  return `the route from ${ends} takes ${route.length - 1} hops, over ${hopsMax}`
}

/** Returns the address of the live node nearest to a position, ties to the smaller address. */
export function nearestNode(
  views: readonly RingNodeView[],
  position: RingNodeView['address'],
): RingNodeView | undefined {
  const ring = new LiveRing(views)
  const target = positionOf(position)
  let best: RingNodeView | undefined
  let bestDistance = 0n
  for (const [index, node] of ring.nodes.entries()) {
    const distance = ringDistance(ring.positions[index] as bigint, target)
    if (best !== undefined && distance >= bestDistance) continue
    best = node
    bestDistance = distance
  }
  return best
}

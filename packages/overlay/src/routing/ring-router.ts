/** Greedy next-hop choice on the address ring. */
import type { Address } from '@ipop/address'
import { compareByDistance, isLeftOf } from '@ipop/address'

/** A neighbour that a packet could be handed to. */
export interface Hop {
  readonly address: Address
  /** Whether session datagrams may travel over it: anywhere but over the ring itself, which would wrap them twice. */
  readonly carriesDatagrams: boolean
}

/** Where a packet goes next. */
export type RouteDecision<H extends Hop> =
  { kind: 'forward'; hop: H } | { kind: 'deliver' } | { kind: 'unreachable' }

/** What a route is chosen for. */
export interface RouteQuery {
  readonly destination: Address
  readonly isExact: boolean
  /** A neighbour that must not be used: the destination itself when a path around it is wanted. */
  readonly avoid?: Address | undefined
  /** Whether a session datagram is to be sent. */
  readonly isDatagram: boolean
}

/**
 * Returns the next hop for a packet at the node `self`. A hop is taken only if it is strictly closer to the
 * destination than the node, so that no packet visits a node twice.
 */
export function chooseHop<H extends Hop>(
  self: Address,
  hops: readonly H[],
  query: RouteQuery,
): RouteDecision<H> {
  const { destination, avoid } = query
  if (self.equals(destination)) return { kind: 'deliver' }
  const order = compareByDistance(destination)
  let best: H | undefined
  for (const hop of hops) {
    if (query.isDatagram && !hop.carriesDatagrams) continue
    if (avoid && hop.address.equals(avoid)) continue
    if (!best || order(hop.address, best.address) < 0) best = hop
  }
  if (best && (order(best.address, self) < 0 || avoid?.equals(destination)))
    return { kind: 'forward', hop: best }
  return { kind: query.isExact ? 'unreachable' : 'deliver' }
}

/**
 * Returns the neighbour on the other side of `destination` than the node `self`, nearest first: together they
 * bracket it. Undefined when the node knows nobody there.
 */
export function otherSide<H extends Hop>(
  self: Address,
  hops: readonly H[],
  destination: Address,
): H | undefined {
  const isSelfLeft = isLeftOf(self, destination)
  const order = compareByDistance(destination)
  let best: H | undefined
  for (const hop of hops) {
    if (hop.address.equals(destination)) continue
    if (isLeftOf(hop.address, destination) === isSelfLeft) continue
    if (!best || order(hop.address, best.address) < 0) best = hop
  }
  return best
}

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
export interface RouteQuery<H extends Hop = Hop> {
  readonly destination: Address
  readonly isExact: boolean
  /**
   * A neighbour that must not be used: the destination itself when a path around it is wanted, or else who sent the packet, by a way
   * that led it away from the destination.
   */
  readonly avoid?: Address | undefined
  /** Whether a session datagram is to be sent. */
  readonly isDatagram: boolean
  /** What the rest of the way costs by way of a hop; by default its distance to the destination decides. */
  readonly costOf?: ((hop: H) => number) | undefined
}

/**
 * Returns the next hop for a packet at the node `self`. A hop is taken only if it is strictly closer to the
 * destination than the node, so that no packet visits a node twice.
 */
export function chooseHop<H extends Hop>(
  self: Address,
  hops: readonly H[],
  query: RouteQuery<H>,
): RouteDecision<H> {
  const { destination, avoid } = query
  if (self.equals(destination)) return { kind: 'deliver' }
  const order = compareByDistance(destination)
  let best: H | undefined
  for (const hop of hops) {
    if (!isUsable(hop, query)) continue
    if (!best || order(hop.address, best.address) < 0) best = hop
  }
  if (best && (order(best.address, self) < 0 || avoid?.equals(destination))) {
    // The ring would not wrap a datagram again: whoever reaches its end, if only by a relay, is the last on its way.
    const isLast = query.isDatagram && best.address.equals(destination)
    return { kind: 'forward', hop: (isLast ? undefined : cheapest(self, hops, query)) ?? best }
  }
  return { kind: query.isExact ? 'unreachable' : 'deliver' }
}

function isUsable(hop: Hop, { avoid, isDatagram }: Pick<RouteQuery, 'avoid' | 'isDatagram'>) {
  return !(isDatagram && !hop.carriesDatagrams) && !avoid?.equals(hop.address)
}

/** Returns the hop of least cost among those strictly closer to the destination; none where costs are not known. */
function cheapest<H extends Hop>(
  self: Address,
  hops: readonly H[],
  query: RouteQuery<H>,
): H | undefined {
  const { costOf } = query
  if (!costOf) return undefined
  const order = compareByDistance(query.destination)
  let best: { hop: H; cost: number } | undefined
  for (const hop of hops) {
    if (!isUsable(hop, query) || order(hop.address, self) >= 0) continue
    const cost = costOf(hop)
    if (!best || cost < best.cost) best = { hop, cost }
  }
  return best?.hop
}

/** What the first hop of a packet is chosen by. */
export interface FirstHopQuery<H> {
  readonly destination: Address
  /** The first hops that it took before, in that order. */
  readonly tried: readonly Address[]
  /** Whether a neighbour loses packets. */
  readonly isDoubtful: (hop: H) => boolean
  /** What the rest of the way costs by way of a hop; by default its distance to the destination decides. */
  readonly costOf?: ((hop: H) => number) | undefined
}

/**
 * Returns the best first hop among those strictly closer to the destination than the node `self`: one that was not
 * tried, or the one tried longest ago; then one without doubt; then the cheapest, or closest. Undefined where none is closer.
 */
export function chooseFirstHop<H extends Pick<Hop, 'address'>>(
  self: Address,
  hops: readonly H[],
  { destination, tried, isDoubtful, costOf }: FirstHopQuery<H>,
): H | undefined {
  const order = compareByDistance(destination)
  const compare = (a: H, b: H) => (costOf ? costOf(a) - costOf(b) : order(a.address, b.address))
  const triedAt = ({ address }: H) => tried.findLastIndex((one) => one.equals(address))
  let best: { hop: H; triedAt: number; doubt: number } | undefined
  for (const hop of hops) {
    if (order(hop.address, self) >= 0) continue
    const other = { hop, triedAt: triedAt(hop), doubt: isDoubtful(hop) ? 1 : 0 }
    const preference =
      best === undefined
        ? -1
        : other.triedAt - best.triedAt || other.doubt - best.doubt || compare(hop, best.hop)
    if (preference < 0) best = other
  }
  return best?.hop
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

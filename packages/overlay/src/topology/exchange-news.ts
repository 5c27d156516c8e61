/** Decides what is news for a peer, and whether it can wait. */
import type { Address } from '@ipop/address'
import { compareLeftwards, compareRightwards, leftFraction, rightFraction } from '@ipop/address'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { EXCHANGE_PEERS_MAX, NEAR_PER_SIDE, NEWS_REACH } from '../limits.ts'
import type { NeighborClaim } from './near-neighbors.ts'

/** Returns whether `peer`, whose neighbours are those of `claim`, has to hear of `other` at once: it is nearer than one of them. */
export function isNearerThanClaimed(
  peer: Address,
  other: Address,
  claim: NeighborClaim | undefined,
): boolean {
  const { left, right } = claim ?? {}
  if (!left || !right) return true
  return compareLeftwards(peer)(other, left) < 0 || compareRightwards(peer)(other, right) < 0
}

/**
 * Returns how far from a near neighbour others can be near to it too, as a part of the ring: a few times as far as this
 * node's own near neighbours. Infinite while the node lacks some, and so cannot tell.
 */
export function reachOf(table: ConnectionTable): number {
  const left = table.leftwards()
  if (left.length < 2 * NEAR_PER_SIDE) return Number.POSITIVE_INFINITY
  const outerLeft = left[NEAR_PER_SIDE - 1] as Connection
  const outerRight = left[left.length - NEAR_PER_SIDE] as Connection
  const span = Math.max(
    leftFraction(table.self, outerLeft.address),
    rightFraction(table.self, outerRight.address),
  )
  return NEWS_REACH * span
}

/** Returns whether `other` lies within `reach` of `peer`. */
export function isWithin(reach: number, peer: Address, other: Address): boolean {
  if (reach >= 1) return true
  const distance = leftFraction(peer, other)
  return Math.min(distance, 1 - distance) <= reach
}

/**
 * Returns those that may be named to a peer and matter to it: to one nearby only others that are near it, too. Only peers with
 * which this node has a live session: nobody spreads the word of the dead.
 */
export function peersOfUseTo(table: ConnectionTable, peer: Address): Connection[] {
  const peers = table.around(peer, EXCHANGE_PEERS_MAX / 2)
  const reach = reachOf(table)
  if (!isWithin(reach / NEWS_REACH, table.self, peer)) return peers
  return peers.filter(({ address }) => isWithin(reach, peer, address))
}

/** Decides what is news for a peer, and whether it can wait. */
import type { Address } from '@ipop/address'
import { isBetweenLeft, isBetweenRight, isLeftOf, leftFraction } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import {
  EXCHANGE_PATIENT_GAP_MS,
  EXCHANGE_PEERS_MAX,
  EXCHANGE_WITHDRAW_MS,
  NEWS_REACH,
  STRANGER_OTHER_SIDE,
  STRANGER_SIDE,
} from './limits.ts'
import type { ExchangeMemory, Told } from './exchange-memory.ts'
import type { NearNeighbors, NeighborClaim } from './near-neighbors.ts'

/** Why a peer is asked: there may be news for it, its word about its neighbours is wanted, or all that it knows. */
export type ExchangeReason = 'news' | 'claims' | 'all'

/** How the node stands that exchanges. */
export interface ExchangeState {
  /** Counts the changes of what there is to tell, so that most looks cost one comparison. */
  readonly revision: number
  /** Whether the node has its place: then only news about somebody's neighbours are urgent. */
  readonly isPatient: boolean
  readonly now: Instant
}

/** What there is to tell a peer. */
export interface News {
  /** The keys of those who may be named to it. */
  readonly peers: ReadonlySet<string>
  /** Those of them that it has not heard of. */
  readonly fresh: readonly Connection[]
  /** Which of this node's immediate neighbours it is. */
  readonly side: string
}

/** What a node has to tell one peer, by what that was told and what it said itself. */
export class ExchangeNews {
  readonly #table: ConnectionTable
  readonly #memory: ExchangeMemory
  readonly #near: Pick<NearNeighbors, 'claimOf' | 'span'>

  constructor(modules: {
    table: ConnectionTable
    memory: ExchangeMemory
    /** Whom neighbours call theirs, and how far they lie. */
    near: Pick<NearNeighbors, 'claimOf' | 'span'>
  }) {
    this.#table = modules.table
    this.#memory = modules.memory
    this.#near = modules.near
  }

  /**
   * Returns those that may be named to a peer and matter to it: to one nearby only others that are near it, too. Only peers with
   * which this node has a live session: nobody spreads the word of the dead.
   */
  ofUseTo(peer: Address): Connection[] {
    const peers = this.#table.around(peer, EXCHANGE_PEERS_MAX / 2)
    const { span } = this.#near
    if (!isWithin(span, this.#table.self, peer)) return peers
    return peers.filter(({ address }) => isWithin(NEWS_REACH * span, peer, address))
  }

  /**
   * Returns those that are named to a stranger who asks both neighbours of its place: the nearest on this node's side of it, and one
   * on the other, whose node names the rest.
   */
  ofUseToStranger(peer: Address): Connection[] {
    const all = this.#table.around(peer, STRANGER_SIDE)
    if (all.length < 2 * STRANGER_SIDE) return all
    return isLeftOf(this.#table.self, peer)
      ? [...all.slice(0, STRANGER_SIDE), ...all.slice(-STRANGER_OTHER_SIDE)]
      : [...all.slice(0, STRANGER_OTHER_SIDE), ...all.slice(-STRANGER_SIDE)]
  }

  /** Of those who may be named to a peer, the ones that it has not heard of. */
  fresh(peer: Address, last: Told, peers: readonly Connection[]): Connection[] {
    const heard = this.#memory.heard(peer)
    const isNew = ({ key }: Address) => !last.peers.has(key) && heard?.has(key) !== true
    return peers.filter(({ address }) => isNew(address) && !last.stated.has(address.key))
  }

  /** Both ends often have the same news: the lower address tells it first. */
  patienceMs(peer: Address): number {
    return EXCHANGE_PATIENT_GAP_MS * (this.#table.self.compare(peer) < 0 ? 1 : 1.5)
  }

  /** Whether one of those that the peer has not heard of changes who its neighbours are. */
  isUrgent(peer: Address, fresh: readonly Connection[]): boolean {
    const claim = this.#near.claimOf(peer)
    return fresh.some(({ address }) => this.isMissedBy(peer, address, claim))
  }

  /**
   * Whether a peer has to hear of `other` at once: it is nearer than those that it claims, and has not said itself that it is
   * connected with the peer.
   */
  isMissedBy(peer: Address, other: Address, claim: NeighborClaim | undefined): boolean {
    if (!isNearerThanClaimed(peer, other, claim)) return false
    const { left, right } = this.#near.claimOf(other) ?? {}
    if (left?.equals(peer) === true || right?.equals(peer) === true) return false
    return this.#memory.heard(other)?.has(peer.key) !== true
  }

  /**
   * Peers that are gone are no news, but for those that the peer was told of so lately that it may still dial them. Whom it
   * names itself it is connected with, and misses as soon.
   */
  hasToWithdraw(
    peer: Address,
    { stated }: Told,
    peers: ReadonlySet<string>,
    now: Instant,
  ): boolean {
    const heard = this.#memory.heard(peer)
    const isGone = (address: Address): boolean =>
      !peers.has(address.key) && !heard?.has(address.key) && !this.#table.get(address)
    return stated.after(now - EXCHANGE_WITHDRAW_MS).some(isGone)
  }

  /** Whether the peer is this node's neighbour concerns it; who else is one does not, unless it is named. */
  sideOf(peer: Address): string {
    const { left, right } = this.#table.neighbors()
    return `${left?.equals(peer) ? 'left' : ''}${right?.equals(peer) ? 'right' : ''}`
  }
}

/** Returns whether `peer`, whose neighbours are those of `claim`, has to hear of `other` at once: it is nearer than one of them. */
export function isNearerThanClaimed(
  peer: Address,
  other: Address,
  claim: NeighborClaim | undefined,
): boolean {
  const { left, right } = claim ?? {}
  if (!left || !right) return true
  return isBetweenLeft(other, peer, left) || isBetweenRight(other, peer, right)
}

/** Returns whether `other` lies within `reach` of `peer`. */
export function isWithin(reach: number, peer: Address, other: Address): boolean {
  if (reach >= 1) return true
  const distance = leftFraction(peer, other)
  return Math.min(distance, 1 - distance) <= reach
}

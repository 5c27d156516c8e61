/** Whom a node exchanges with at a look at its policies: those it has news for, and now and then whoever may have some. */
import type { Clock, Instant } from '@ipop/runtime'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { Role } from '../connections/roles.ts'
import {
  INCOMPLETE_RETRY_MIN_MS,
  LEAF_PATIENCE_MS,
  LEAF_STATUS_MS,
  LOOKUP_ROUND_TRIPS,
} from '../limits.ts'
import { EXCHANGE_CALM_GAP_MS, EXCHANGE_GAP_MS } from './limits.ts'
import { ExchangePace } from './exchange-pace.ts'
import type { ExchangeState } from './exchange-news.ts'
import type { Exchanger } from './exchanger.ts'
import type { Membership } from './membership.ts'
import type { NearNeighbors } from './near-neighbors.ts'

/** What rounds are made of. */
export interface ExchangeRoundsModules {
  readonly clock: Clock
  readonly table: ConnectionTable
  readonly near: NearNeighbors
  readonly exchanger: Exchanger
  readonly membership: Membership
}

/** The rounds of one node. */
export class ExchangeRounds {
  readonly #modules: ExchangeRoundsModules
  readonly #pace = new ExchangePace()
  /** Leaves through which a newcomer asked the ring for the neighbours of its address, the one asked last at the end. */
  readonly #asked = new Set<Connection>()
  #askedAt: Instant = Number.NEGATIVE_INFINITY
  #hasAnswer = false
  #exchangedAt: Instant = -EXCHANGE_GAP_MS

  constructor(modules: ExchangeRoundsModules) {
    this.#modules = modules
  }

  /** Begins at `now`. */
  start(now: Instant): void {
    this.#pace.start(now)
    this.#asked.clear()
    this.#hasAnswer = false
  }

  /** Looks the own address up through a leaf that came up; a newcomer does so through the first one, and waits for the answer. */
  leafUp(leaf: Connection): void {
    const { membership, exchanger } = this.#modules
    if (membership.isInRing) return exchanger.lookUpSelf(leaf, true)
    if (this.#asked.size > 0) return
    this.#lookUp(leaf)
  }

  /** Asks through one more leaf, now that the node has its place, whether that is in the same ring. */
  joined(): void {
    const other = this.#leaves().find((leaf) => !this.#asked.has(leaf))
    this.#asked.clear()
    if (other) this.#modules.exchanger.lookUpNearer(other)
  }

  /** Exchanges with whom it is due; returns when the next look is wanted, where that is before the usual one. */
  run(state: ExchangeState): Instant | undefined {
    const { exchanger, membership } = this.#modules
    const { now } = state
    this.#noteAnswer(now)
    // Compared with the instant itself: a difference may be rounded below the gap, and the timer would fire for ever.
    const { isComplete } = membership
    const dueAt = this.#exchangedAt + (isComplete ? EXCHANGE_CALM_GAP_MS : EXCHANGE_GAP_MS)
    if (now < dueAt) return dueAt
    const partners = new Set([...this.#neighborsOfUse(now), ...this.#leavesOfUse(now)])
    for (const partner of partners)
      if (exchanger.exchangeWith(partner, 'news', state)) this.#exchangedAt = now
    const due = this.#pace.take(isComplete, now)
    if (due !== 'nothing') this.#exchangeAnyway(isComplete, due === 'everything', state)
    return undefined
  }

  /** Until the ring has said who is near there was nobody to wait for: what takes long is counted from then on. */
  #noteAnswer(now: Instant): void {
    if (this.#hasAnswer || !this.#modules.exchanger.hasLookedUp) return
    this.#hasAnswer = true
    this.#pace.start(now)
  }

  /** Leaves are the nearest that a newcomer is connected with; those in the ring can wait until that has said who is nearer. */
  #neighborsOfUse(now: Instant): Connection[] {
    const { near, membership, exchanger } = this.#modules
    const lasting = near.lasting()
    if (membership.isInRing || exchanger.hasLookedUp) return lasting
    return lasting.filter((peer) => !this.#canWait(peer, now))
  }

  /**
   * A node that has no place yet asks those leaves whom they know around it that it looks itself up by. And those that have no
   * place either, which they say soon after they came up: they cannot look anybody up.
   */
  #leavesOfUse(now: Instant): Connection[] {
    if (this.#modules.membership.isInRing) return []
    const isLost = (leaf: Connection) => now - leaf.upAt >= LEAF_STATUS_MS && !leaf.isPeerInRing
    const isOfUse = (leaf: Connection) => this.#asked.has(leaf) || isLost(leaf)
    return this.#leaves().filter((leaf) => !this.#canWait(leaf, now) && isOfUse(leaf))
  }

  #exchangeAnyway(isComplete: boolean, looksUp: boolean, state: ExchangeState): void {
    const { exchanger, table, near, membership } = this.#modules
    // Where both neighbours agree somebody nearer is being dialled: nobody knows more of that than the dial will tell.
    if (!isComplete && membership.isInRing && near.isMutual()) return
    const reason = isComplete || looksUp ? 'all' : 'claims'
    const { left, right } = table.neighbors()
    // In a complete ring the right neighbour asks from its side.
    const isClaimsOnly = reason === 'claims' && membership.isInRing
    const asked = isComplete ? [left] : isClaimsOnly ? near.disagreeing() : [left, right]
    for (const address of asked) {
      const connection = address && table.get(address)
      if (connection && !this.#canWait(connection, state.now))
        exchanger.exchangeWith(connection, reason, state)
    }
    if (looksUp || (!membership.isInRing && this.#isLookupDue(state.now))) this.#lookUpByNext()
  }

  /** A leaf that has its place knows what matters to a newcomer no better than the ring, which is asked first. */
  #canWait(peer: Connection, now: Instant): boolean {
    if (this.#modules.membership.isInRing || !peer.has(Role.leaf) || !peer.wasInRing) return false
    return this.#modules.exchanger.hasLookedUp
      ? !this.#modules.near.isLasting(peer)
      : now - peer.upAt < LEAF_PATIENCE_MS
  }

  /** A leaf in the ring is given the time that the way to the neighbours takes, others may be as lost as the node. */
  #isLookupDue(now: Instant): boolean {
    if (this.#modules.exchanger.hasLookedUp) return false
    const last = [...this.#asked].at(-1)
    if (last?.wasInRing !== true) return true
    return now - this.#askedAt >= INCOMPLETE_RETRY_MIN_MS + LOOKUP_ROUND_TRIPS * (last.rttMs ?? 0)
  }

  /** Those who have been asked take turns behind those who have not: one may be as lost as the node. */
  #lookUpByNext(): void {
    const leaves = this.#leaves()
    const [turn] = [...this.#asked].filter((leaf) => leaves.includes(leaf))
    const next = leaves.findLast((leaf) => !this.#asked.has(leaf)) ?? turn
    if (next) this.#lookUp(next)
  }

  #lookUp(leaf: Connection): void {
    this.#asked.delete(leaf)
    this.#asked.add(leaf)
    this.#askedAt = this.#modules.clock.now()
    this.#modules.exchanger.lookUpSelf(leaf, this.#modules.membership.isInRing)
  }

  #leaves(): Connection[] {
    return this.#modules.table.withRole(Role.leaf)
  }
}

/** Decides who is named by a brief address only, and finds out who is meant by one. */
import { Address } from '@ipop/address'
import type { Clock, Instant } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import {
  BRIEF_AFTER_MS,
  BRIEF_ARRIVAL_MS,
  BRIEF_ASK_PAUSE_MS,
  EXCHANGE_PEERS_MAX,
} from './limits.ts'
import { isBriefOf, keyEndOf } from '../wire/brief-address.ts'
import type { RingExchange } from '../wire/ring-exchange.ts'
import { isNearerThanClaimed } from './exchange-news.ts'
import type { KnownPeers } from './known-peers.ts'
import type { NearNeighbors } from './near-neighbors.ts'

/** What brief addresses are looked up in. */
export interface BriefPeersModules {
  readonly clock: Clock
  readonly table: ConnectionTable
  readonly known: Pick<KnownPeers, 'find' | 'sinceOf'>
  readonly near: Pick<NearNeighbors, 'claimOf'>
}

/** The brief addresses of one node. */
export class BriefPeers {
  readonly #modules: BriefPeersModules
  /** When this node came to a ring that was there before. */
  #arrivedAt: Instant | undefined
  /** When a brief address was asked for: several peers name one at the same time. */
  readonly #askedAt = new Map<string, Instant>()
  /** By peer, its short forms that say nothing to this node. */
  readonly #wanted = new Map<string, readonly Uint8Array[]>()
  /** By peer, the keys of those that it is to be told in full. */
  readonly #owed = new Map<string, Set<string>>()

  constructor(modules: BriefPeersModules) {
    this.#modules = modules
  }

  /**
   * Returns `exchange` with short forms for those whom `recipient` has heard of most likely, and need not dial at once if it has
   * not; and with a question for those whom it named so and this node has not heard of.
   */
  abbreviate(recipient: Address, exchange: RingExchange, now: Instant): RingExchange {
    const wanted = this.#takeWanted(recipient, now)
    const owed = this.#owed.get(recipient.key)
    const brief = new Set<string>()
    for (const { address } of exchange.peers)
      if (owed?.delete(address.key) !== true && this.#isKnownTo(recipient, address, now))
        brief.add(address.key)
    const briefSides = this.#briefSides(recipient, exchange, now)
    return { ...exchange, brief, briefSides, wanted }
  }

  /** Notes which short forms of a peer say nothing to this node; it asks when it exchanges with the peer anyway. */
  hear({ from: { address }, unresolved = [] }: RingExchange): void {
    if (unresolved.length > 0) this.#wanted.set(address.key, unresolved)
  }

  /** Notes that `peer` asks for some in full, and returns them. */
  owe(peer: Address, wanted: readonly Uint8Array[] = []): Connection[] {
    if (wanted.length === 0) return []
    const isWanted = ({ address }: Connection) => wanted.some((brief) => isBriefOf(brief, address))
    const named = this.#modules.table.all().filter(isWanted).slice(0, EXCHANGE_PEERS_MAX)
    const owed = this.#owed.get(peer.key) ?? new Set()
    for (const { address } of named) owed.add(address.key)
    if (owed.size > 0) this.#owed.set(peer.key, owed)
    return named
  }

  /** Forgets what a departed peer asked for, and was to be asked for. */
  forget(peer: Address): void {
    this.#wanted.delete(peer.key)
    this.#owed.delete(peer.key)
  }

  /** Returns the hint that a brief address stands for, where this node has it. */
  resolve(brief: Uint8Array): PeerHint | undefined {
    const { table, known } = this.#modules
    return table.all().find(({ address }) => isBriefOf(brief, address))?.hint ?? known.find(brief)
  }

  /** Returns who is meant by a brief address among those that `peer` named, keys in `named`, and calls its neighbours. */
  recall(peer: Address, brief: Uint8Array, named: Iterable<string> = []): Address | undefined {
    const { left, right } = this.#modules.near.claimOf(peer) ?? {}
    for (const side of [left, right]) if (side && isBriefOf(brief, side)) return side
    const end = keyEndOf(brief)
    for (const key of named) {
      if (!key.endsWith(end)) continue
      const address = Address.parse(`brunet:node:${key}`)
      if (address instanceof Address && isBriefOf(brief, address)) return address
    }
    return undefined
  }

  /** Notes that the ring which this node comes to was there before: its members know each other. */
  arrived(): void {
    this.#arrivedAt ??= this.#modules.clock.now()
  }

  #briefSides(recipient: Address, { left, right }: RingExchange, now: Instant): Set<string> {
    const isBrief = (side: Address | undefined): side is Address =>
      side !== undefined && this.#isKnownTo(recipient, side, now)
    return new Set([left, right].filter(isBrief).map(({ key }) => key))
  }

  #takeWanted(peer: Address, now: Instant): Uint8Array[] {
    const wanted = this.#wanted.get(peer.key) ?? []
    this.#wanted.delete(peer.key)
    for (const [key, at] of this.#askedAt)
      if (now - at >= BRIEF_ASK_PAUSE_MS) this.#askedAt.delete(key)
    const open = wanted.filter((brief) => !this.#askedAt.has(keyOf(brief)) && !this.resolve(brief))
    for (const brief of open) this.#askedAt.set(keyOf(brief), now)
    return open
  }

  #isKnownTo(recipient: Address, address: Address, now: Instant): boolean {
    const { table, near } = this.#modules
    const connection = table.get(address)
    if (!connection || !this.#isWidelyKnown(connection, now)) return false
    const claim = near.claimOf(recipient)
    return !claim || !isNearerThanClaimed(recipient, address, claim)
  }

  /** Whom a node has heard of a while ago, and whom it found when it came. */
  #isWidelyKnown(connection: Connection, now: Instant): boolean {
    const { address, upAt, channel, isPeerInRing } = connection
    const since = this.#modules.known.sinceOf(address) ?? upAt
    if (now - Math.min(since, upAt) >= BRIEF_AFTER_MS) return true
    const isFound = this.#arrivedAt !== undefined && upAt - this.#arrivedAt < BRIEF_ARRIVAL_MS
    return isFound && (channel.isInitiator || isPeerInRing)
  }
}

function keyOf(brief: Uint8Array): string {
  return String.fromCharCode(...brief)
}

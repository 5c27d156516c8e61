/** Keeps a node connected to its nearest peers on both sides of the ring. */
import type { Address } from '@ipop/address'
import { leftFraction, rightFraction } from '@ipop/address'
import type { PeerHint } from '@ipop/transport'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { Role } from '../connections/roles.ts'
import { LINK_SILENT_MS, NEAR_PER_SIDE, SEEKING_PER_SIDE } from '../limits.ts'
import type { Linker } from '../linking/linker.ts'
import type { KnownPeers } from './known-peers.ts'
import { nearestPerSide } from './known-peers.ts'

/** What a look at the near connections asks for. */
export interface NearDecision {
  /** Peers nearer than some near connection that are not connected yet. */
  readonly dial: readonly PeerHint[]
  /** Connections whose near role was given or taken. */
  readonly changed: readonly Connection[]
}

/** What a neighbour said about its own immediate neighbours. */
export interface NeighborClaim {
  readonly left?: Address | undefined
  readonly right?: Address | undefined
}

/** The near policy: decides, and leaves dialling to its owner. */
export class NearNeighbors {
  readonly #table: ConnectionTable
  readonly #known: KnownPeers
  readonly #claims = new Map<string, NeighborClaim>()
  #wanted: readonly PeerHint[] = []
  /** The nearest connections and those wanted that may soon be, in the order of the ring going left. */
  #prospects: readonly { readonly address: Address }[] = []

  readonly #linker: Pick<Linker, 'isSlow'>

  constructor(modules: {
    table: ConnectionTable
    known: KnownPeers
    linker: Pick<Linker, 'isSlow'>
  }) {
    this.#table = modules.table
    this.#known = modules.known
    this.#linker = modules.linker
  }

  /**
   * Gives the near role to the nearest connections on each side and names the nearer peers to dial: while the node looks for its
   * place only those that may be its neighbours, as most others would soon be replaced.
   */
  evaluate(isInRing: boolean): NearDecision {
    const connections = this.#table.all()
    const near = new Set(this.#table.around(this.#table.self, NEAR_PER_SIDE))
    const changed = connections.filter((connection) =>
      connection.setRole(Role.near, near.has(connection)),
    )
    this.#wanted = this.#nearestWanted([...near], isInRing ? NEAR_PER_SIDE : SEEKING_PER_SIDE)
    const soon = this.#wanted.filter(({ address }) => !this.#isSilent(address))
    this.#prospects = nearestPerSide(this.#table.self, [...near, ...soon], NEAR_PER_SIDE)
    return { dial: this.#wanted, changed }
  }

  /** Returns the near connections. */
  near(): Connection[] {
    return this.#table.withRole(Role.near)
  }

  /** Returns the near connections that nobody nearer is about to replace. */
  lasting(): Connection[] {
    return this.near().filter((connection) => this.isLasting(connection))
  }

  /** Returns whether a connection is a near one that nobody nearer is about to replace. */
  isLasting(connection: Connection): boolean {
    return this.#prospects.some(({ address }) => address.equals(connection.address))
  }

  /**
   * How far the near neighbours lie, those that are being dialled included, as a part of the ring. Infinite while the node
   * lacks some, and so cannot tell.
   */
  get span(): number {
    const all = this.#prospects
    const outerLeft = all[NEAR_PER_SIDE - 1]
    const outerRight = all[all.length - NEAR_PER_SIDE]
    if (all.length < 2 * NEAR_PER_SIDE || !outerLeft || !outerRight) return Infinity
    const { self } = this.#table
    return Math.max(leftFraction(self, outerLeft.address), rightFraction(self, outerRight.address))
  }

  /** Returns the estimated number of nodes in the ring (reference: connections, or the density around the node). */
  estimateRingSize(): number {
    const { self } = this.#table
    const known = this.#table.structured().length + 1
    const near = this.#table.around(self, NEAR_PER_SIDE)
    const outerLeft = near[NEAR_PER_SIDE - 1]
    const outerRight = near[NEAR_PER_SIDE]
    if (near.length < 2 * NEAR_PER_SIDE || !outerLeft || !outerRight) return known
    const span = leftFraction(self, outerLeft.address) + rightFraction(self, outerRight.address)
    return span <= 0 ? known : Math.max(known, Math.round(near.length / span))
  }

  /** Who the near connections are: equal where they are the same, in whatever order. */
  get digest(): string {
    const keys = this.near().map((connection) => connection.address.key)
    return keys.sort().join(' ')
  }

  /** Records what the neighbour `from` said about its own neighbours. */
  noteClaim(from: Address, claim: NeighborClaim): void {
    this.#claims.set(from.key, { left: claim.left, right: claim.right })
    if (this.#claims.size <= 4 * NEAR_PER_SIDE) return
    const near = new Set(this.near().map((connection) => connection.address.key))
    for (const key of this.#claims.keys()) if (!near.has(key)) this.#claims.delete(key)
  }

  /** Returns what the neighbour `from` said last. */
  claimOf(from: Address): NeighborClaim | undefined {
    return this.#claims.get(from.key)
  }

  /** Forgets what a departed neighbour said. */
  forget(address: Address): void {
    this.#claims.delete(address.key)
  }

  /** Returns whether both immediate neighbours name this node as theirs. */
  isMutual(): boolean {
    const { left, right } = this.#table.neighbors()
    return left !== undefined && right !== undefined && this.disagreeing().length === 0
  }

  /** Returns the immediate neighbours that do not name this node as theirs. */
  disagreeing(): Address[] {
    const { left, right } = this.#table.neighbors()
    const isAgreed = (claim: Address | undefined) => claim?.equals(this.#table.self) === true
    const found: Address[] = []
    if (left && !isAgreed(this.#claims.get(left.key)?.right)) found.push(left)
    if (right && !isAgreed(this.#claims.get(right.key)?.left)) found.push(right)
    return found
  }

  /** The nearer peers that were not connected at the last look. */
  get wanted(): readonly PeerHint[] {
    return this.#wanted
  }

  /** Candidates that keep silent are dialled on, but do not hold the places of those behind them: many may be dead. */
  #nearestWanted(connections: readonly Connection[], perSide: number): PeerHint[] {
    const isOther = (address: Address): boolean => this.#table.get(address) === undefined
    const isAudible = (address: Address): boolean => isOther(address) && !this.#isSilent(address)
    const wanted = this.#nearer(connections, perSide, isOther)
    if (!wanted.some(({ address }) => this.#isSilent(address))) return wanted
    const others = this.#nearer(connections, perSide, isAudible)
    const all = [...new Set([...wanted, ...others])]
    return nearestPerSide(this.#table.self, all, all.length)
  }

  #isSilent(address: Address): boolean {
    return this.#linker.isSlow(address, LINK_SILENT_MS) || this.#known.isDoubtful(address)
  }

  /** Of the nearest connections and the nearest others known, those that are no connections and yet among the nearest. */
  #nearer(
    connections: readonly Connection[],
    perSide: number,
    isWanted: (address: Address) => boolean,
  ): PeerHint[] {
    const items: { address: Address; hint?: PeerHint }[] = connections.map(({ address }) => ({
      address,
    }))
    for (const hint of this.#known.nearest(perSide, isWanted))
      items.push({ address: hint.address, hint })
    const near = nearestPerSide(this.#table.self, items, perSide)
    return near.flatMap((item) => (item.hint ? [item.hint] : []))
  }
}

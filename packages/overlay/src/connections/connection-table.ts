/** All connections of one node, findable by address and in ring order. */
import type { Address } from '@ipop/address'
import { compareByDistance } from '@ipop/address'
import { CONNECTIONS_MAX } from '../limits.ts'
import { RingOrder } from '../topology/ring-order.ts'
import type { Connection } from './connection.ts'
import { Role } from './roles.ts'

/** The immediate neighbours, as far as they are connected; in a ring of two all four name the same peer. */
export interface Neighbors {
  readonly left?: Address | undefined
  readonly left2?: Address | undefined
  readonly right?: Address | undefined
  readonly right2?: Address | undefined
}

/** A table of connections; the node itself is not in it. */
export class ConnectionTable {
  readonly self: Address
  readonly #all = new Set<Connection>()
  readonly #ring: RingOrder<Connection>

  constructor(self: Address) {
    this.self = self
    this.#ring = new RingOrder(self)
  }

  /** The number of connections. */
  get size(): number {
    return this.#all.size
  }

  /** Whether one more connection would exceed the cap. */
  get isFull(): boolean {
    return this.#all.size >= CONNECTIONS_MAX
  }

  /** Adds a connection in the place of an older one with the same peer. */
  add(connection: Connection): void {
    this.remove(connection.address)
    this.#all.add(connection)
    this.#ring.set(connection)
  }

  /** Removes and returns the connection with `address`. */
  remove(address: Address): Connection | undefined {
    const connection = this.#ring.get(address)
    if (connection === undefined) return undefined
    this.#all.delete(connection)
    this.#ring.delete(address)
    return connection
  }

  /** Returns the connection with `address`. */
  get(address: Address): Connection | undefined {
    return this.#ring.get(address)
  }

  /** Returns every connection. */
  all(): Connection[] {
    return [...this.#all]
  }

  /** Returns the connections over which ring packets may travel. */
  structured(): Connection[] {
    const found: Connection[] = []
    for (const connection of this.#all) if (connection.isStructured) found.push(connection)
    return found
  }

  /** Returns the connections that this end plays `role` in. */
  withRole(role: Role): Connection[] {
    const found: Connection[] = []
    for (const connection of this.#all) if (connection.has(role)) found.push(connection)
    return found
  }

  /** Returns the `perSide` connections nearest to `address` on each side of it, going left, without its own. */
  around(address: Address, perSide: number): Connection[] {
    return this.#ring.around(address, perSide)
  }

  /** Returns the structured connections going left (increasing addresses) from the node, nearest first. */
  leftwards(): Connection[] {
    return this.#ring.items.filter((connection) => connection.isStructured)
  }

  /** Returns the structured connections going right (decreasing addresses) from the node, nearest first. */
  rightwards(): Connection[] {
    return this.leftwards().reverse()
  }

  /** Returns the immediate neighbours and theirs, from this node's own table. */
  neighbors(): Neighbors {
    const { items } = this.#ring
    const last = items.length - 1
    const leftAt = structuredFrom(items, 0, 1)
    const rightAt = structuredFrom(items, last, -1)
    const left = items[leftAt]?.address
    if (left === undefined) return {}
    const right = items[rightAt]?.address
    const left2 = items[structuredFrom(items, leftAt + 1, 1)]?.address ?? left
    const right2 = items[structuredFrom(items, rightAt - 1, -1)]?.address ?? right
    return { left, left2, right, right2 }
  }

  /** Returns the connections that `isEligible` accepts, nearest to `target` first. */
  nearestTo(target: Address, isEligible: (connection: Connection) => boolean): Connection[] {
    const order = compareByDistance(target)
    return this.all()
      .filter(isEligible)
      .sort((a, b) => order(a.address, b.address))
  }

  /** Lets every peer know what its connection is to this node. */
  tellStatus(isInRing: boolean): void {
    for (const connection of this.all()) {
      const status = connection.status(isInRing)
      if (connection.channel.localStatus !== status) connection.channel.localStatus = status
    }
  }
}

/** Returns the place of the first structured connection met from `from` on; outside of `items` where there is none. */
function structuredFrom(items: readonly Connection[], from: number, step: 1 | -1): number {
  let at = from
  while (items[at]?.isStructured === false) at += step
  return at
}

/** All connections of one node, findable by address and in ring order. */
import type { Address } from '@ipop/address'
import { compareByDistance } from '@ipop/address'
import { CONNECTIONS_MAX } from '../limits.ts'
import { sortLeftwards } from '../topology/known-peers.ts'
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
  readonly #byKey = new Map<string, Connection>()

  constructor(self: Address) {
    this.self = self
  }

  /** The number of connections. */
  get size(): number {
    return this.#byKey.size
  }

  /** Whether one more connection would exceed the cap. */
  get isFull(): boolean {
    return this.#byKey.size >= CONNECTIONS_MAX
  }

  /** Adds a connection in the place of an older one with the same peer. */
  add(connection: Connection): void {
    this.#byKey.set(connection.address.key, connection)
  }

  /** Removes and returns the connection with `address`. */
  remove(address: Address): Connection | undefined {
    const connection = this.#byKey.get(address.key)
    this.#byKey.delete(address.key)
    return connection
  }

  /** Returns the connection with `address`. */
  get(address: Address): Connection | undefined {
    return this.#byKey.get(address.key)
  }

  /** Returns every connection. */
  all(): Connection[] {
    return [...this.#byKey.values()]
  }

  /** Returns the connections over which ring packets may travel. */
  structured(): Connection[] {
    return this.all().filter((connection) => connection.isStructured)
  }

  /** Returns the connections that this end plays `role` in. */
  withRole(role: Role): Connection[] {
    return this.all().filter((connection) => connection.has(role))
  }

  /** Returns the structured connections going left (increasing addresses) from the node, nearest first. */
  leftwards(): Connection[] {
    return sortLeftwards(this.self, this.structured())
  }

  /** Returns the structured connections going right (decreasing addresses) from the node, nearest first. */
  rightwards(): Connection[] {
    return this.leftwards().reverse()
  }

  /** Returns the immediate neighbours and theirs, from this node's own table. */
  neighbors(): Neighbors {
    const left = this.leftwards()
    const count = left.length
    if (count === 0) return {}
    const at = (index: number) => left[(index + count) % count]?.address
    return { left: at(0), left2: at(1), right: at(-1), right2: at(-2) }
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

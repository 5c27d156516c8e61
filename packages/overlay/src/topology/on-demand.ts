/** Direct connections to the peers that traffic goes to. */
import type { Address } from '@ipop/address'
import type { Instant, Log } from '@ipop/runtime'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { Role } from '../connections/roles.ts'
import {
  ON_DEMAND_ATTEMPTS_MAX,
  ON_DEMAND_IDLE_MS,
  ON_DEMAND_MAX,
  ON_DEMAND_RETRY_MS,
} from '../limits.ts'
import type { Linker } from '../linking/linker.ts'

interface Wish {
  readonly address: Address
  attempts: number
  nextAt: Instant
  isBusy: boolean
}

/** The on-demand policy. */
export class OnDemand {
  readonly #table: ConnectionTable
  readonly #linker: Linker
  readonly #log: Log
  readonly #wishes = new Map<string, Wish>()
  readonly #onUnreachable: (address: Address) => void

  constructor(modules: {
    table: ConnectionTable
    linker: Linker
    log: Log
    onUnreachable: (address: Address) => void
  }) {
    this.#table = modules.table
    this.#linker = modules.linker
    this.#log = modules.log
    this.#onUnreachable = modules.onUnreachable
  }

  /** The number of peers that traffic asks for and that are not connected. */
  get wishes(): number {
    return this.#wishes.size
  }

  /** Notes that traffic wants to go to `address`; asks for a connection when there is none. */
  want(address: Address, now: Instant): void {
    const connection = this.#table.get(address)
    if (connection) return this.use(connection, now)
    if (this.#wishes.has(address.key) || this.#wishes.size >= ON_DEMAND_MAX) return
    const wish: Wish = { address, attempts: 0, nextAt: now, isBusy: false }
    this.#wishes.set(address.key, wish)
    this.#ask(wish, now)
  }

  /** Notes that traffic went over `connection`. */
  use(connection: Connection, now: Instant): void {
    connection.lastTrafficAt = now
    connection.setRole(Role.onDemand, true)
  }

  /** Notes that a connection came up. */
  fulfil(connection: Connection, now: Instant): void {
    if (this.#wishes.delete(connection.address.key)) this.use(connection, now)
  }

  /** Asks again where it is due, and lets idle connections go. */
  evaluate(now: Instant): void {
    for (const wish of this.#wishes.values()) {
      if (!wish.isBusy && now >= wish.nextAt) this.#ask(wish, now)
    }
    for (const connection of this.#table.withRole(Role.onDemand)) {
      if (now - connection.lastTrafficAt >= ON_DEMAND_IDLE_MS)
        connection.setRole(Role.onDemand, false)
    }
  }

  #ask(wish: Wish, now: Instant): void {
    if (wish.attempts >= ON_DEMAND_ATTEMPTS_MAX) {
      this.#wishes.delete(wish.address.key)
      this.#onUnreachable(wish.address)
      return
    }
    wish.attempts++
    wish.nextAt = now + ON_DEMAND_RETRY_MS
    wish.isBusy = true
    this.#linker
      .requestLink(wish.address, Role.onDemand, {
        mode: 'exact',
        timeoutMs: 2 * ON_DEMAND_RETRY_MS,
      })
      .catch((error: unknown) => {
        this.#log.write('debug', 'connect request failed', { peer: wish.address.toString(), error })
      })
      .finally(() => {
        wish.isBusy = false
      })
  }
}

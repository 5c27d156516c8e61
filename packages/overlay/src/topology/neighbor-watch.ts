/** How closely a node watches its peers: the sooner a dead neighbour is missed, the sooner its gap closes. */
import type { Instant } from '@ipop/runtime'
import { IDLE_PROBE_MS, type Channel } from '@ipop/transport'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { Role } from '../connections/roles.ts'
import {
  LOSSY_MS,
  NEIGHBOR_PROBE_MS,
  SUSPECT_AGAIN_MS,
  SUSPECT_HEARD_MS,
  SUSPECT_WATCH_MS,
  SUSPECTS_PER_SIDE,
} from '../limits.ts'

/** The watch over one node's peers. It asks; who is gone is judged by the channels alone. */
export class NeighborWatch {
  readonly #table: ConnectionTable
  #askedAt: Instant = Number.NEGATIVE_INFINITY
  /** Who was asked then. */
  #asked: ReadonlySet<Channel> = new Set()

  constructor(modules: { table: ConnectionTable }) {
    this.#table = modules.table
  }

  /** Watches the immediate neighbours closely, those that were asked until that is decided, and the others as usual. */
  evaluate(now: Instant): void {
    const { left, right } = this.#table.neighbors()
    const isLossy = this.#isLossy(now)
    const isDeciding = now - this.#askedAt < SUSPECT_WATCH_MS
    for (const { address, channel } of this.#table.all()) {
      const isNeighbor = left?.equals(address) === true || right?.equals(address) === true
      const isClose = isNeighbor || (isDeciding && this.#asked.has(channel))
      channel.watch(isClose && !isLossy ? NEIGHBOR_PROBE_MS : IDLE_PROBE_MS)
    }
  }

  /**
   * Asks the other peers around the node at once because a near one is silent: what took it may have taken more, those who
   * would come into its place among them.
   */
  suspect({ address }: Channel, now: Instant): void {
    const isNear = this.#table.get(address)?.has(Role.near) === true
    if (!isNear || now - this.#askedAt < SUSPECT_AGAIN_MS || this.#isLossy(now)) return
    this.#askedAt = now
    const others = this.#table
      .around(this.#table.self, SUSPECTS_PER_SIDE)
      .map(({ channel }) => channel)
      .filter((other) => other.address !== address && now - other.lastHeardAt > SUSPECT_HEARD_MS)
    this.#asked = new Set(others)
    for (const other of others) {
      other.watch(NEIGHBOR_PROBE_MS)
      other.probe()
    }
  }

  /** Where probes get lost, silence says little: asking more often would only find more that are not gone. */
  #isLossy(now: Instant): boolean {
    return this.#table.all().some(({ channel }) => now - channel.recoveredAt < LOSSY_MS)
  }
}

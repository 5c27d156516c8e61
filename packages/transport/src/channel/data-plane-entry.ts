/** Where a data plane tells the channels of one node what it opened and carried. */
import type { Instant } from '@ipop/runtime'
import type { SessionEndpoint } from '@ipop/security'
import type { Edge } from '../edge/edge.ts'
import type { ChannelRegistry } from './channel-registry.ts'
import type { CarriedTraffic } from './types.ts'

/** What the entry needs from the channel table. */
export interface DataPlaneEntryModules {
  readonly sessions: SessionEndpoint<Edge>
  readonly channels: ChannelRegistry
  /** Does `task`, then what the sessions want. */
  run(task: (now: Instant) => void): void
}

/** The data plane's side of a channel table. Receiver indices name the keys. */
export class DataPlaneEntry {
  readonly #modules: DataPlaneEntryModules

  constructor(modules: DataPlaneEntryModules) {
    this.#modules = modules
  }

  /** Takes a frame that was opened under the key of `index` and came over `edge`; empty for a keepalive. Borrowed. */
  receiveOpened(index: number, frame: Uint8Array, edge: Edge): void {
    const { sessions } = this.#modules
    this.#modules.run((now) => sessions.handleOpened(index, frame, edge, now))
  }

  /** The system refused datagrams as longer than their first link or route carries: checks the sizes relied on. */
  doubtDatagramSizes(): void {
    this.#modules.run((now) => {
      for (const channel of this.#modules.channels.values()) channel.ways.mtu.doubt(now)
    })
  }

  /** Takes note of frames carried under the key of `index`; `edge` is where the last of them came from. */
  noteCarried(index: number, traffic: CarriedTraffic, edge: Edge | undefined): void {
    const { sessions, channels } = this.#modules
    const session = sessions.sessionByIndex(index)
    if (session === undefined) return
    channels.bySession(session)?.carried(traffic)
    this.#modules.run((now) => {
      if (traffic.packetsOut > 0) sessions.handleSealed(index, now)
      if (traffic.packetsIn > 0 && edge) sessions.handleOpened(index, undefined, edge, now)
    })
  }
}

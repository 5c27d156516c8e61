/** The relay channels of a node in the plane. */
import type { Log } from '@ipop/runtime'
import type { ByteRate, Edge, RelayPlane, RelayPlaneEnd, RelayPlaneRow } from '@ipop/transport'
import { messageOf } from '../errors.ts'
import type { Plane, SocketEndpoint } from './plane.ts'

/** What the channels work with. */
export interface PlaneRelaysModules {
  readonly plane: Plane
  readonly log: Log
  /** Returns where a direct edge leads, if it goes over a socket of the plane. */
  endpointOf(edge: Edge): SocketEndpoint | undefined
}

/** Puts channels whose edges are the plane's into it; frames of the others come up through their sockets. */
export class PlaneRelays implements RelayPlane {
  readonly #modules: PlaneRelaysModules
  #isSupported = false

  constructor(modules: PlaneRelaysModules) {
    this.#modules = modules
  }

  /** Whether the plane knows relay channels. An old addon does not: JavaScript does the work then. */
  get isSupported(): boolean {
    return this.#isSupported
  }

  setQuota(quota: ByteRate): void {
    const { plane, log } = this.#modules
    try {
      plane.setRelayQuota(quota)
      this.#isSupported = true
    } catch (error) {
      log.write('info', 'data plane without relay channels', { error: messageOf(error) })
    }
  }

  installRow({ channel, owner, next, ...row }: RelayPlaneRow): void {
    const from = this.#modules.endpointOf(owner)
    const to = this.#modules.endpointOf(next)
    if (from === undefined || to === undefined) return this.remove(channel)
    this.#install(channel, (plane) =>
      plane.installRelay({ channel, owner: from, next: to, ...row }),
    )
  }

  installEnd({ channel, relay: edge }: RelayPlaneEnd): void {
    const relay = this.#modules.endpointOf(edge)
    if (relay === undefined) return this.remove(channel)
    this.#install(channel, (plane) => plane.installRelayEnd({ channel, relay }))
  }

  remove(channel: number): void {
    if (this.#isSupported) this.#modules.plane.removeRelay(channel)
  }

  forwarded(channel: number): number {
    return this.#isSupported ? (this.#modules.plane.relayCounters(channel)?.packets ?? 0) : 0
  }

  #install(channel: number, act: (plane: Plane) => void): void {
    if (!this.#isSupported) return
    try {
      act(this.#modules.plane)
    } catch (error) {
      // A full table, mostly: its frames come to JavaScript.
      const fields = { channel, error: messageOf(error) }
      this.#modules.log.write('warn', 'data plane refused a relay channel', fields)
    }
  }
}

/** How this node can be reached, and what hole punching needs of its ports. */
import type { Address } from '@ipop/address'
import type { Clock, Log, Timers } from '@ipop/runtime'
import { isLoopback } from '../address/ip-text.ts'
import type { TransportAddress } from '../address/transport-address.ts'
import type { DatagramReceiver, Edge, EdgeListener } from '../edge/edge.ts'
import { PROBES_PER_SECOND_MAX, TCP_DIAL_DELAY_MS } from '../limits.ts'
import type { OwnReach } from '../nat/hole-punch.ts'
import { NatObserver } from '../nat/nat-observer.ts'
import { PortArrays, type PortArrayRequest } from '../nat/port-arrays.ts'
import { REACH_SOCKET_MS } from '../reach/limits.ts'
import { UdpEdge } from '../udp/udp-edge.ts'
import type { Dialer } from './dialer.ts'
import { OwnAddresses } from './own-addresses.ts'

/** What a channel needs for hole punching. */
export interface ReachHost {
  /** Returns how this node can be reached now. */
  reach(): OwnReach
  /** Returns the endpoints that may be dialled when `peer` offers them. */
  usable(peer: Address, endpoints: readonly TransportAddress[]): TransportAddress[]
  /** Returns how long streams wait for datagrams to work: not at all where only streams ever did. */
  tcpDelayMs(): number
  /** Sends one datagram to an endpoint without remembering it. */
  probe(ta: TransportAddress, datagram: Uint8Array): void
  /** Sends one datagram from a port of its own, which is closed soon after. */
  probeFromNewPort(ta: TransportAddress, datagram: Uint8Array): void
  /** Opens an array of ports; returns false when that is not possible now. */
  openArray(request: Omit<PortArrayRequest, 'openSocket'>): boolean
}

/** The reach of one node. */
export class Reach implements ReachHost {
  readonly #own: OwnAddresses
  #nat = new NatObserver()
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #log: Log
  readonly #dialer: Dialer
  readonly #listeners: readonly EdgeListener[]
  readonly #arrays: PortArrays
  #probes = { second: 0, count: 0 }
  readonly #heard = new Set<Edge['kind']>()

  constructor(
    runtime: { clock: Clock; timers: Timers; log: Log },
    modules: {
      dialer: Dialer
      listeners: readonly EdgeListener[]
      receiver: DatagramReceiver
      mapped?: (() => readonly TransportAddress[]) | undefined
    },
  ) {
    this.#clock = runtime.clock
    this.#timers = runtime.timers
    this.#log = runtime.log
    this.#dialer = modules.dialer
    this.#listeners = modules.listeners
    const { dialer, mapped } = modules
    this.#own = new OwnAddresses(runtime.log, {
      isAddressAllowed: (host) => dialer.isAddressAllowed(host),
      localAddresses: () => dialer.localAddresses(),
      isLocal: (ta) => dialer.isLocal(ta),
      mappedAddresses: () => mapped?.() ?? [],
    })
    this.#arrays = new PortArrays(runtime, modules)
  }

  /** Forgets what others reported, which was true in another network, and asks the system for the addresses anew. */
  networkChanged(): void {
    this.#nat = new NatObserver()
    this.#heard.clear()
    this.#own.reflexive.clear()
    for (const listener of this.#listeners) listener.networkChanged?.()
  }

  /** Returns where this node can be reached: local and reflexive addresses. */
  endpoints(): TransportAddress[] {
    return this.#own.endpoints(this.#clock.now())
  }

  /** Takes into account that `reporter` sees this node at `observed` when it sends over `edge`. */
  observe(observed: TransportAddress, reporter: Address, edge: Edge): void {
    const now = this.#clock.now()
    this.#heard.add(edge.kind)
    this.#own.observe(observed, reporter.key, now)
    if (edge.remote && isLoopback(edge.remote.host)) this.#dialer.noteMachinePeer(reporter.key)
    if (!(edge instanceof UdpEdge) || observed.kind !== 'udp' || observed.family !== 4) return
    const isLocal = this.#dialer.isLocal(observed)
    const destination = edge.remote.toString()
    this.#nat.observe({ destination, socket: edge.local.port, observed, isLocal }, now)
  }

  reach(): OwnReach {
    const now = this.#clock.now()
    const { mapping, outside } = {
      mapping: this.#nat.mapping(now),
      outside: this.#nat.outside(now),
    }
    return { mapping, outside, endpoints: this.#own.endpoints(now) }
  }

  usable(address: Address, endpoints: readonly TransportAddress[]): TransportAddress[] {
    return this.#dialer.usableEndpoints({ address, endpoints })
  }

  tcpDelayMs(): number {
    return this.#heard.has('tcp') && !this.#heard.has('udp') ? 0 : TCP_DIAL_DELAY_MS
  }

  probe(ta: TransportAddress, datagram: Uint8Array): void {
    if (!this.#dialer.isAddressAllowed(ta.host) || !this.#mayProbe()) return
    for (const listener of this.#listeners) if (listener.probe?.(ta, datagram)) return
  }

  probeFromNewPort(ta: TransportAddress, datagram: Uint8Array): void {
    if (!this.#dialer.isAddressAllowed(ta.host) || !this.#mayProbe()) return
    const listener = this.#listeners.find((each) => each.openSibling && each.reaches?.(ta))
    if (listener === undefined) return
    openSibling(listener).then(
      (socket) => {
        socket.probe?.(ta, datagram)
        const closeAt = this.#clock.now() + REACH_SOCKET_MS
        this.#timers.at(closeAt, 'reach check socket', () => void socket.close())
      },
      (error: unknown) => this.#log.write('debug', 'no socket for a reach check', { error }),
    )
  }

  openArray(request: Omit<PortArrayRequest, 'openSocket'>): boolean {
    const { towards } = request
    if (!this.#dialer.isAddressAllowed(towards.host)) return false
    const listener = this.#listeners.find((each) => each.openSibling && each.reaches?.(towards))
    if (!listener?.openSibling) return false
    return this.#arrays.open({ ...request, openSocket: () => openSibling(listener) })
  }

  /** Peers choose where probes go, so that all of them together get no more than a trickle. */
  #mayProbe(): boolean {
    const second = Math.floor(this.#clock.now() / 1_000)
    if (second !== this.#probes.second) this.#probes = { second, count: 0 }
    return ++this.#probes.count <= PROBES_PER_SECOND_MAX
  }

  /** Returns over which kinds of edges others were heard to see this node. */
  get heardOver(): readonly Edge['kind'][] {
    return [...this.#heard]
  }

  /** Closes the sockets that were opened for hole punching. */
  close(): void {
    void this.#arrays.close()
  }
}

function openSibling(listener: EdgeListener): Promise<EdgeListener> {
  return listener.openSibling?.() ?? Promise.reject(new Error('no siblings'))
}

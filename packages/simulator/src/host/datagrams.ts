/** Datagram sockets of one process. */
import type {
  DatagramHandlers,
  DatagramPort,
  DatagramSocket,
  Endpoint,
  GroupMembership,
  InterfaceAddress,
} from '@ipop/runtime'
import { ipFamily, isWildcard } from '../network/ip.ts'
import type { Network } from '../network/network.ts'
import { PortTable } from './ports.ts'
import { never } from './never.ts'
import type { Process } from './process.ts'
import type { SimHost } from './sim-host.ts'

/** What the sockets of a process work with. */
export interface SocketModules {
  readonly host: SimHost
  readonly process: Process
  readonly network: Network
}

/** Opens datagram sockets in the simulated network. */
export class SimDatagramPort implements DatagramPort {
  readonly #modules: SocketModules
  readonly #sockets: PortTable<SimDatagramSocket>
  readonly #groups = new Map<string, SimDatagramSocket>()

  constructor(modules: SocketModules, firstEphemeral: number) {
    this.#modules = modules
    this.#sockets = new PortTable(firstEphemeral)
  }

  bind(local: Endpoint, handlers: DatagramHandlers): Promise<DatagramSocket> {
    if (!this.#modules.process.isAlive) return never()
    try {
      this.#modules.host.assertLocal(local.host)
      const claimed = this.#sockets.claim(local)
      const socket = new SimDatagramSocket(this.#modules, claimed, handlers, (closed) =>
        this.#sockets.remove(closed),
      )
      this.#sockets.add(socket)
      return Promise.resolve(socket)
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  joinGroup(
    group: Endpoint,
    _on: readonly InterfaceAddress[],
    handlers: DatagramHandlers,
  ): Promise<GroupMembership> {
    if (!this.#modules.process.isAlive) return never()
    const name = `${group.host} ${group.port}`
    const socket = new SimDatagramSocket(this.#modules, group, handlers, () =>
      this.#groups.delete(name),
    )
    this.#groups.set(name, socket)
    return Promise.resolve(socket)
  }

  /** Returns the socket that takes datagrams for `to`. */
  find(to: Endpoint): SimDatagramSocket | undefined {
    const member = this.#groups.size > 0 ? this.#groups.get(`${to.host} ${to.port}`) : undefined
    return member ?? this.#sockets.find(to)
  }
}

/** A bound socket in the simulated network. */
export class SimDatagramSocket implements DatagramSocket {
  readonly local: Endpoint
  readonly handlers: DatagramHandlers
  readonly #modules: SocketModules
  readonly #onClose: (socket: SimDatagramSocket) => void
  #isOpen = true
  #from: Endpoint | undefined

  constructor(
    modules: SocketModules,
    local: Endpoint,
    handlers: DatagramHandlers,
    onClose: (socket: SimDatagramSocket) => void,
  ) {
    this.#modules = modules
    this.local = local
    this.handlers = handlers
    this.#onClose = onClose
  }

  /** Whether it has not been closed. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    const { host, process, network } = this.#modules
    if (!this.#isOpen || !process.isAlive) return
    const target = isWildcard(to.host) ? { host: host.loopback(to.host), port: to.port } : to
    const from = this.#seenFrom(host.sourceAddress(this.local.host, target.host))
    if (ipFamily(from.host) !== ipFamily(target.host)) {
      network.drop('no route', from, target, bytes)
      return
    }
    network.send(host, from, target, bytes)
  }

  close(): Promise<void> {
    if (this.#isOpen) {
      this.#isOpen = false
      this.#onClose(this)
    }
    return Promise.resolve()
  }

  /** The endpoint that packets leave from: nearly always the same. */
  #seenFrom(host: string): Endpoint {
    if (this.#from?.host !== host) this.#from = { host, port: this.local.port }
    return this.#from
  }
}

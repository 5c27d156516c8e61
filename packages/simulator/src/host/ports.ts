/** Port numbers of one protocol on one host: who is bound to what. */
import type { Endpoint } from '@ipop/runtime'
import { socketError } from '../errors.ts'
import { EPHEMERAL_PORT_FIRST, EPHEMERAL_PORT_LAST } from '../limits.ts'
import { accepts, isWildcard } from '../network/ip.ts'

/** Finds bound sockets by the endpoint a packet is for. */
export class PortTable<T extends { readonly local: Endpoint }> {
  readonly #byPort = new Map<number, T[]>()
  #nextEphemeral: number

  /** `firstEphemeral` from 0 to 1 says where the search for free ports starts. */
  constructor(firstEphemeral: number) {
    const span = EPHEMERAL_PORT_LAST - EPHEMERAL_PORT_FIRST + 1
    this.#nextEphemeral = EPHEMERAL_PORT_FIRST + Math.floor(firstEphemeral * span)
  }

  /** Returns `local` with a free port in place of 0; throws EADDRINUSE when the port is taken. */
  claim(local: Endpoint): Endpoint {
    if (local.port === 0) return { host: local.host, port: this.#freePort(local.host) }
    if (this.#isTaken(local)) {
      throw socketError('EADDRINUSE', `address already in use ${local.host}:${local.port}`)
    }
    return { host: local.host, port: local.port }
  }

  /** Adds a bound socket. */
  add(socket: T): void {
    const sockets = this.#byPort.get(socket.local.port)
    if (sockets === undefined) this.#byPort.set(socket.local.port, [socket])
    else sockets.push(socket)
  }

  /** Removes a socket. */
  remove(socket: T): void {
    const rest = (this.#byPort.get(socket.local.port) ?? []).filter((other) => other !== socket)
    if (rest.length === 0) this.#byPort.delete(socket.local.port)
    else this.#byPort.set(socket.local.port, rest)
  }

  /** Returns the socket that takes packets for `to`: the one bound to that very address before a wildcard. */
  find(to: Endpoint): T | undefined {
    const sockets = this.#byPort.get(to.port)
    if (sockets === undefined) return undefined
    for (const socket of sockets) if (socket.local.host === to.host) return socket
    for (const socket of sockets) if (accepts(socket.local.host, to.host)) return socket
    return undefined
  }

  #freePort(host: string): number {
    const span = EPHEMERAL_PORT_LAST - EPHEMERAL_PORT_FIRST + 1
    for (let tried = 0; tried < span; tried++) {
      const port = this.#nextEphemeral
      this.#nextEphemeral = port === EPHEMERAL_PORT_LAST ? EPHEMERAL_PORT_FIRST : port + 1
      if (!this.#isTaken({ host, port })) return port
    }
    throw socketError('EADDRINUSE', 'no free port')
  }

  #isTaken(local: Endpoint): boolean {
    const sockets = this.#byPort.get(local.port) ?? []
    return sockets.some(({ local: { host } }) => {
      if (isWildcard(host)) return accepts(host, local.host) || local.host === '::'
      return accepts(local.host, host)
    })
  }
}

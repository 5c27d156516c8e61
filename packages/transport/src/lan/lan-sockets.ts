/** The sockets of LAN discovery: one per interface and family to ask and answer from, one per family that listens. */
import type {
  DatagramPort,
  DatagramSocket,
  GroupMembership,
  InterfaceAddress,
  Log,
} from '@ipop/runtime'
import { isSameNetwork } from '../port-mapping/external-address.ts'
import { LAN_GROUPS } from './lan-groups.ts'

/** What arrives, and on which link. */
export type LanReceiver = (bytes: Uint8Array, from: { host: string; port: number }) => void

/** Open until `close`. */
export class LanSockets {
  readonly #datagrams: DatagramPort
  readonly #log: Log
  readonly #receive: LanReceiver
  readonly #links: { readonly address: InterfaceAddress; readonly socket: DatagramSocket }[] = []
  readonly #memberships: GroupMembership[] = []
  #isClosed = false

  constructor(modules: { datagrams: DatagramPort; log: Log }, receive: LanReceiver) {
    this.#datagrams = modules.datagrams
    this.#log = modules.log
    this.#receive = receive
  }

  /** Opens a socket for each address; those that cannot be had are left out. Returns whether there are none of these. */
  async open(addresses: readonly InterfaceAddress[]): Promise<boolean> {
    for (const address of addresses) {
      const socket = await this.#try('bind', () => this.#bind(address))
      if (socket !== undefined) this.#links.push({ address, socket })
    }
    for (const family of [4, 6] as const) {
      const on = this.#links.map((link) => link.address).filter((each) => each.family === family)
      const membership = on.length > 0 && (await this.#try('join', () => this.#join(family, on)))
      if (membership) this.#memberships.push(membership)
    }
    const isWhole = this.#links.length === addresses.length && !this.#isClosed
    if (this.#isClosed) await this.close()
    return isWhole
  }

  /** Sends to every link. */
  ask(bytes: Uint8Array): void {
    for (const { address, socket } of this.#links) socket.send(bytes, LAN_GROUPS[address.family])
  }

  /** Sends to one neighbour; returns false when it is on none of the links. */
  answer(bytes: Uint8Array, to: { host: string; port: number }): boolean {
    const link = this.#linkOf(to.host)
    link?.socket.send(bytes, to)
    return link !== undefined
  }

  /** Returns whether a host is on one of the links. */
  isNeighbor(host: string): boolean {
    return this.#linkOf(host) !== undefined
  }

  /** Closes everything. */
  async close(): Promise<void> {
    this.#isClosed = true
    const links = this.#links.splice(0)
    const memberships = this.#memberships.splice(0)
    await Promise.all([
      ...links.map(({ socket }) => socket.close()),
      ...memberships.map((membership) => membership.close()),
    ])
  }

  #linkOf(host: string) {
    return this.#links.find(({ address }) =>
      isSameNetwork(address.host, host, address.prefixLength),
    )
  }

  #bind({ host }: InterfaceAddress): Promise<DatagramSocket> {
    return this.#datagrams.bind({ host, port: 0 }, this.#handlers())
  }

  #join(family: 4 | 6, on: readonly InterfaceAddress[]): Promise<GroupMembership> | undefined {
    return this.#datagrams.joinGroup?.(LAN_GROUPS[family], on, this.#handlers())
  }

  #handlers() {
    return {
      onDatagram: this.#receive,
      onError: (error: Error) => this.#log.write('debug', 'lan socket failed', { error }),
    }
  }

  async #try<T>(what: string, open: () => Promise<T> | undefined): Promise<T | undefined> {
    try {
      return await open()
    } catch (error) {
      this.#log.write('debug', 'no lan socket', { what, error })
      return undefined
    }
  }
}

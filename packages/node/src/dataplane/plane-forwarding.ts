/** The rows of the IP router in the plane. */
import {
  formatIp,
  type ForwardingRow,
  type ForwardingTable,
  type IpAddress,
} from '@ipop/ip-mapping'
import type { Clock, Log } from '@ipop/runtime'
import { messageOf } from '../errors.ts'
import type { PlanePeer, PlanePeers } from './plane-peers.ts'
import type { PlaneTraffic } from './plane-traffic.ts'
import type { Plane } from './plane.ts'

/** What the rows work with. */
export interface PlaneForwardingModules {
  readonly plane: Plane
  readonly peers: PlanePeers
  readonly traffic: PlaneTraffic
  readonly clock: Clock
  readonly log: Log
}

/**
 * Gives prefixes to peers: their packets go there and may come from there. Misses need nothing here: outgoing packets
 * come up through the interface, incoming ones through their channel.
 */
export class PlaneForwarding implements ForwardingTable {
  readonly #modules: PlaneForwardingModules
  readonly #owners = new Map<string, PlanePeer>()

  constructor(modules: PlaneForwardingModules) {
    this.#modules = modules
  }

  install({ base, prefixLength, peer: address }: ForwardingRow): void {
    const { plane, peers, traffic, clock, log } = this.#modules
    const cidr = cidrOf(base, prefixLength)
    this.withdraw(base, prefixLength)
    try {
      const peer = peers.ensure(address)
      plane.installRoute(cidr, peer.number)
      peer.routes.add(cidr)
      peer.lastCarriedAt = clock.now()
      this.#owners.set(cidr, peer)
      traffic.watch()
    } catch (error) {
      // A full table: the packets keep coming to JavaScript.
      log.write('warn', 'data plane refused a route', { cidr, error: messageOf(error) })
    }
  }

  withdraw(base: IpAddress, prefixLength: number): void {
    const cidr = cidrOf(base, prefixLength)
    const peer = this.#owners.get(cidr)
    if (peer === undefined) return
    this.#owners.delete(cidr)
    peer.routes.delete(cidr)
    this.#modules.plane.withdrawRoute(cidr)
    this.#modules.peers.release(peer)
  }

  setOwn(ips: readonly IpAddress[]): void {
    const { plane, log } = this.#modules
    const own = ips.map(formatIp)
    try {
      plane.setOwnAddresses(own)
    } catch (error) {
      // Not a unicast address: the former ones must not stay, and packets keep coming to JavaScript.
      plane.setOwnAddresses([])
      log.write('warn', 'data plane refused an address', { own, error: messageOf(error) })
    }
  }

  onPunt(): void {
    // See the class comment.
  }

  idleMs(base: IpAddress, prefixLength: number): number {
    const peer = this.#owners.get(cidrOf(base, prefixLength))
    return peer === undefined ? 0 : this.#modules.clock.now() - peer.lastCarriedAt
  }
}

function cidrOf(base: IpAddress, prefixLength: number): string {
  return `${formatIp(base)}/${prefixLength}`
}

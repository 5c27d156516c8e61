/** A router with everything around it in hand. */
import { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import { silentLog } from '@ipop/runtime'
import { SeededRandom } from '@ipop/simulator'
import type { IpAddress } from '../../src/ip/ip-address.ts'
import { Ipv4Network } from '../../src/ip/ipv4-network.ts'
import { Ipv6Network } from '../../src/ip/ipv6-network.ts'
import { addressValue } from '../../src/keys.ts'
import { AddressResolver } from '../../src/resolver/address-resolver.ts'
import { IpRouter } from '../../src/router/ip-router.ts'
import type { ForwardingRow, ForwardingTable } from '../../src/services.ts'
import { ip } from './packets.ts'

const random = new SeededRandom(7)
/** The node of the router, one that holds addresses, and one that holds none. */
export const self = Address.random(random)
export const peer = Address.random(random)
export const stranger = Address.random(random)
export const NETWORK6 = new Ipv6Network('lab')
export const OWN = '10.7.0.10'
export const THEIRS = '10.7.0.20'

/** The router, its resolver, and what it sent, wrote and asked for. */
export class Bench {
  /** Longest packet that reaches any peer. */
  packetBytesMax: number | undefined
  readonly sent: Uint8Array[] = []
  readonly written: Uint8Array[] = []
  readonly batches: number[] = []
  readonly scheduled: (() => void)[] = []
  readonly sessions = new Set<string>()
  readonly wanted: string[] = []
  readonly rows = new Map<IpAddress, ForwardingRow>()
  idleMs = 0
  accepts = Number.POSITIVE_INFINITY
  readonly resolver = new AddressResolver(
    { random: new SeededRandom(1), log: silentLog },
    { namespace: 'lab' },
  )
  readonly router: IpRouter

  constructor(options: { own?: string; members?: Address[]; withTable?: boolean } = {}) {
    const table: ForwardingTable = {
      install: (row) => this.rows.set(row.base, row),
      withdraw: (base) => this.rows.delete(base),
      onPunt: () => undefined,
      idleMs: () => this.idleMs,
    }
    const { members } = options
    this.router = new IpRouter({
      ipv6: NETWORK6,
      device: { mtu: 1_420, write: (packets) => this.#write(packets) },
      carrier: {
        address: self,
        sendIp: (to, packet) => {
          if (!this.sessions.has(to.key)) return false
          this.sent.push(packet.slice())
          return true
        },
        packetBytesMax: () => this.packetBytesMax,
        connectOnDemand: (to) => this.wanted.push(to.key),
      },
      resolver: this.resolver,
      schedule: (task) => this.scheduled.push(task),
      log: silentLog,
      members: members && { members: () => members },
      forwarding: options.withTable === true ? table : undefined,
    })
    const network = Ipv4Network.parse('10.7.0.0', '255.255.0.0')
    if (network instanceof Malformed) throw new Error(network.reason)
    this.router.setOwn({ network, ip: ip(options.own ?? OWN) })
  }

  /** Makes the resolver know that `address` holds `text`. */
  learn(text: string, address: Address, ttlSeconds = 3_000): void {
    this.resolver.resolve(ip(text), 0)
    this.answer(address, 0, ttlSeconds)
  }

  /** Answers all lookups under way with `owner`; returns whether there were any. */
  answer(owner: Address, now = 0, ttlSeconds = 3_000): boolean {
    let count = 0
    for (let next = this.resolver.pollRequest(); next; next = this.resolver.pollRequest()) {
      const values = [{ value: addressValue(owner), owner, ageSeconds: 1, ttlSeconds }]
      this.resolver.handleResult(next.id, { kind: 'values', values }, now)
      count += 1
    }
    this.pumpEvents(now)
    return count > 0
  }

  pumpEvents(now: number): void {
    for (let event = this.resolver.pollEvent(); event; event = this.resolver.pollEvent()) {
      this.router.handleResolverEvent(event, now)
    }
  }

  /** Wakes the router whenever it wants until `end`. */
  runTo(end: number): void {
    for (let at = this.router.pollTimeout().at; at <= end; at = this.router.pollTimeout().at) {
      this.router.handleTimeout(at)
      this.pumpEvents(at)
    }
  }

  #write(packets: Uint8Array[]): number {
    const accepted = packets.slice(0, this.accepts)
    this.batches.push(packets.length)
    this.written.push(...accepted)
    return accepted.length
  }
}

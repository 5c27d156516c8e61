/** Moves IP packets between the virtual interface and the carrier. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Instant, Log } from '@ipop/runtime'
import type { IpAddress } from '../ip/ip-address.ts'
import type { Ipv6 } from '../ip/ipv6-address.ts'
import type { Ipv6Network } from '../ip/ipv6-network.ts'
import { completePartialFrame, isPartialFrame } from '../ip/partial-checksum.ts'
import type { Wakeup } from '../lease/dht-machine.ts'
import type { AddressResolver, ResolverEvent } from '../resolver/address-resolver.ts'
import type { ForwardingTable, PuntedPacket, VirtualDevice } from '../services.ts'
import { drop } from './context.ts'
import type { LocalService, OwnNetwork, PacketCarrier, RouterContext } from './context.ts'
import { zeroCounters, type RouterCounters } from './counters.ts'
import { DeviceWriter, type TurnScheduler } from './device-writer.ts'
import { ForwardingRows } from './forwarding.ts'
import { IncomingPath } from './incoming.ts'
import { OutgoingPath, type GroupMembers } from './outgoing.ts'

/** What a router works with. */
export interface IpRouterModules {
  readonly device: Pick<VirtualDevice, 'write' | 'mtu'>
  readonly carrier: PacketCarrier
  readonly resolver: AddressResolver
  readonly ipv6: Ipv6Network
  readonly schedule: TurnScheduler
  readonly log: Log
  /** Members of the multicast group; without it multicast and broadcast packets are dropped. */
  readonly members?: GroupMembers | undefined
  /** Data plane that wants rows; without it every packet passes through here. */
  readonly forwarding?: ForwardingTable | undefined
  readonly services?: readonly LocalService[] | undefined
}

/** The slow path of the data plane, or all of it where there is no other. */
export class IpRouter {
  readonly #context: RouterContext
  readonly #forwarding: ForwardingTable | undefined
  readonly #outgoing: OutgoingPath
  readonly #incoming: IncomingPath

  constructor(modules: IpRouterModules) {
    const { device, carrier, resolver, ipv6, schedule, log, members, forwarding, services } =
      modules
    const counters = zeroCounters()
    this.#forwarding = forwarding
    this.#context = {
      carrier,
      resolver,
      counters,
      log,
      writer: new DeviceWriter({ device, schedule, counters }),
      rows: forwarding && new ForwardingRows({ table: forwarding, resolver }),
      device,
      isMulticastEnabled: members !== undefined,
      own: undefined,
      ipv6,
      ownIpv6: undefined,
    }
    this.#outgoing = new OutgoingPath(this.#context, { members, services: services ?? [] })
    this.#incoming = new IncomingPath(this.#context)
  }

  /** Counts of packets sent, delivered and dropped. */
  get counters(): Readonly<RouterCounters> {
    return this.#context.counters
  }

  /** Packets that wait for a lookup or a session, in both directions. */
  get waitingCount(): number {
    return this.#outgoing.waitingCount + this.#incoming.heldCount
  }

  /** The own IPv6 address, if there is one. */
  get ownIpv6(): Ipv6 | undefined {
    return this.#context.ownIpv6
  }

  /** Rows installed in the data plane. */
  get rowCount(): number {
    return this.#context.rows?.size ?? 0
  }

  /** Sets network and own address; rows of another identity are withdrawn. */
  setOwn(own: OwnNetwork | undefined): void {
    const isNew = own?.ip !== this.#context.own?.ip
    this.#context.own = own
    if (isNew) this.#ownChanged()
  }

  /** Sets the own IPv6 address. */
  setOwnIpv6(ip: Ipv6 | undefined): void {
    this.#context.ownIpv6 = ip
    this.#ownChanged()
  }

  /** Routes packets from the host; they are borrowed. */
  handleOutgoing(packets: readonly Uint8Array[], now: Instant): void {
    for (const packet of packets) this.#outgoing.handle(packet, now)
  }

  /** Takes a packet from a peer, or a frame of type 0x06 with one; it is borrowed. */
  handleIncoming(packet: Uint8Array, from: Address, now: Instant): void {
    const whole = isPartialFrame(packet) ? completePartialFrame(packet) : packet
    if (whole instanceof Malformed) drop(this.#context, 'malformed')
    else this.#incoming.handle(whole, from, now)
  }

  /** Takes packets that the data plane had no row for; they are borrowed. */
  handlePunted(batch: readonly PuntedPacket[], now: Instant): void {
    for (const punted of batch) {
      if (punted.kind === 'outgoing') this.#outgoing.handle(punted.packet, now)
      else this.#incoming.handle(punted.packet, punted.from, now)
    }
  }

  /** Takes what the resolver found out. */
  handleResolverEvent(event: ResolverEvent, now: Instant): void {
    if (event.kind === 'dropped') this.#context.rows?.withdraw(event.ip)
    this.#outgoing.handleResolverEvent(event, now)
    this.#incoming.handleResolverEvent(event, now)
  }

  /** Takes note of a session that can carry packets. */
  handleChannelUp(peer: Address, now: Instant): void {
    this.#outgoing.handleChannelUp(peer, now)
  }

  /** Takes note of a lost peer. */
  handlePeerDown(peer: Address): void {
    this.#context.rows?.withdrawPeer(peer)
    this.#context.resolver.forgetPeer(peer)
  }

  /** Takes note that a peer which traffic asked for cannot be reached. */
  handlePeerUnreachable(peer: Address, now: Instant): void {
    this.#context.rows?.withdrawPeer(peer)
    this.#outgoing.handlePeerUnreachable(peer, now)
  }

  /** Writes a packet of a local service to the host. */
  deliver(ownedPacket: Uint8Array): void {
    this.#context.writer.push(ownedPacket)
  }

  /** Writes what is queued for the device now. */
  flush(): void {
    this.#context.writer.flush()
  }

  /** Returns when something is due. */
  pollTimeout(): Wakeup {
    const checkAt = this.#context.rows?.checkAt ?? Number.POSITIVE_INFINITY
    const at = Math.min(this.#outgoing.nextTimeout, this.#incoming.nextTimeout, checkAt)
    return { at, reason: 'waiting packets' }
  }

  /** Does what is due. */
  handleTimeout(now: Instant): void {
    this.#outgoing.handleTimeout(now)
    this.#incoming.handleTimeout(now)
    this.#context.rows?.check(now)
  }

  #ownChanged(): void {
    const { rows, own, ownIpv6 } = this.#context
    rows?.clear()
    const held = [own?.ip, ownIpv6].filter((ip): ip is IpAddress => ip !== undefined)
    this.#forwarding?.setOwn?.(held)
  }
}

/** From the virtual interface to the carrier. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import { icmpUnreachable, type UnreachableCause } from '../ip/icmp-errors.ts'
import { icmpv6Unreachable } from '../ip/icmpv6-errors.ts'
import type { IpAddress } from '../ip/ip-address.ts'
import { isMartian, LIMITED_BROADCAST, UNSPECIFIED } from '../ip/ipv4-address.ts'
import { isLinkScope } from '../ip/ipv6-address.ts'
import { ICMP_ERRORS_PER_SECOND_MAX, IPV6_MTU_MIN, WAITING_RETRY_MS } from '../limits.ts'
import type { ResolverEvent } from '../resolver/address-resolver.ts'
import { decodeIpv4, ipVersion, type Ipv4Packet } from '../wire/ipv4.ts'
import { decodeIpv6 } from '../wire/ipv6.ts'
import { drop, isGroup, type LocalService, type OwnNetwork, type RouterContext } from './context.ts'
import type { DropReason } from './counters.ts'
import { RateLimit } from './rate-limit.ts'
import { WaitQueue } from './wait-queue.ts'

/** Lists the nodes that want copies of multicast packets. */
export interface GroupMembers {
  /** Returns the members known now. */
  members(now: Instant): readonly Address[]
}

/** Checks, resolves and sends; packets wait while their destination is looked up or connected to. */
export class OutgoingPath {
  readonly #context: RouterContext
  readonly #members: GroupMembers | undefined
  readonly #services: readonly LocalService[]
  readonly #waiting = new WaitQueue<Uint8Array>()
  readonly #icmpLimit = new RateLimit({ perSecond: ICMP_ERRORS_PER_SECOND_MAX })
  #retryAt = Number.POSITIVE_INFINITY

  constructor(
    context: RouterContext,
    modules: { members?: GroupMembers | undefined; services: readonly LocalService[] },
  ) {
    this.#context = context
    this.#members = modules.members
    this.#services = modules.services
  }

  /** Packets that wait now. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  /** When `handleTimeout` is due. */
  get nextTimeout(): Instant {
    return Math.min(this.#waiting.nextDeadline, this.#retryAt)
  }

  /** Routes one packet from the host; `bytes` is borrowed. */
  handle(bytes: Uint8Array, now: Instant): void {
    if (ipVersion(bytes) === 6) return this.#handleIpv6(bytes, now)
    const packet = decodeIpv4(bytes)
    if (packet instanceof Malformed) return drop(this.#context, 'malformed')
    const own = this.#context.own
    if (this.#serve(packet, own, now)) return
    if (own?.ip === undefined) return drop(this.#context, 'noOwnAddress')
    if (packet.source !== own.ip) return drop(this.#context, 'foreignSource')
    const { destination } = packet
    const trimmed = bytes.subarray(0, packet.totalLength)
    if (destination === own.ip) return this.#context.writer.push(trimmed.slice())
    if (isGroup(destination, own.network)) return this.#copyToMembers(trimmed, now)
    if (isMartian(destination)) return drop(this.#context, 'martian')
    if (!own.network.contains(destination)) {
      return this.#refuse(trimmed, 'outsideNetwork', { kind: 'network' }, now)
    }
    if (destination === own.network.serverIp) return drop(this.#context, 'noService')
    this.#route(destination, trimmed, now)
  }

  /** Sends or refuses what waited for the outcome of a lookup. */
  handleResolverEvent(event: ResolverEvent, now: Instant): void {
    if (event.kind === 'resolved') this.#sendWaiting(event.ip, event.address, now)
    if (event.kind === 'unresolved') this.#refuseWaiting(event.ip, 'unresolved', now)
  }

  /** Sends what waited for a session with `peer`. */
  handleChannelUp(peer: Address, now: Instant): void {
    for (const ip of this.#waiting.keys()) {
      if (this.#context.resolver.peek(ip, now)?.equals(peer) === true) {
        this.#sendWaiting(ip, peer, now)
      }
    }
  }

  /** Refuses what waits for a session with `peer`, and doubts that `peer` holds those addresses. */
  handlePeerUnreachable(peer: Address, now: Instant): void {
    const { resolver } = this.#context
    for (const ip of this.#waiting.keys()) {
      if (resolver.peek(ip, now)?.equals(peer) !== true) continue
      resolver.invalidate(ip)
      this.#refuseWaiting(ip, 'unreachable', now)
    }
  }

  /** Refuses packets that waited too long and tries the others again. */
  handleTimeout(now: Instant): void {
    const { resolver } = this.#context
    for (const ip of this.#waiting.overdue(now)) {
      const isKnown = resolver.peek(ip, now) !== undefined
      // The node that is said to hold the address cannot be reached: perhaps it holds it no longer.
      if (isKnown) resolver.invalidate(ip)
      this.#refuseWaiting(ip, isKnown ? 'unreachable' : 'unresolved', now)
    }
    if (this.#retryAt > now) return
    this.#retryAt = Number.POSITIVE_INFINITY
    for (const ip of this.#waiting.keys()) {
      const peer = resolver.peek(ip, now)
      if (peer !== undefined) this.#sendWaiting(ip, peer, now)
      else this.#armRetry(now)
    }
  }

  #handleIpv6(bytes: Uint8Array, now: Instant): void {
    const { ipv6, ownIpv6 } = this.#context
    const packet = decodeIpv6(bytes)
    if (packet instanceof Malformed) return drop(this.#context, 'malformed')
    const { source, destination } = packet
    if (isLinkScope(source) || isLinkScope(destination)) return drop(this.#context, 'linkScope')
    if (ownIpv6 === undefined) return drop(this.#context, 'noOwnAddress')
    if (source !== ownIpv6) return drop(this.#context, 'foreignSource')
    const trimmed = bytes.subarray(0, packet.totalLength)
    if (destination === ownIpv6) return this.#context.writer.push(trimmed.slice())
    if (!ipv6.contains(destination)) {
      return this.#refuse(trimmed, 'outsideNetwork', { kind: 'network' }, now)
    }
    this.#route(destination, trimmed, now)
  }

  #serve(packet: Ipv4Packet, own: OwnNetwork | undefined, now: Instant): boolean {
    // Only what is meant for this node itself: the server address, or whoever is on the link (DHCP).
    const { source, destination } = packet
    const isLocal = source === UNSPECIFIED || destination === LIMITED_BROADCAST
    if (!isLocal && destination !== own?.network.serverIp) return false
    if (!this.#services.some((service) => service.handlePacket(packet, now))) return false
    this.#context.counters.served += 1
    return true
  }

  #route(ip: IpAddress, packet: Uint8Array, now: Instant): void {
    const { mtu } = this.#context.device
    if (packet.length > mtu) {
      return this.#refuse(packet, 'tooBig', { kind: 'fragmentationNeeded', mtu }, now)
    }
    // Packets that wait go first.
    if (this.#waiting.has(ip)) return this.#wait(ip, packet, now)
    const resolution = this.#context.resolver.resolve(ip, now)
    switch (resolution.kind) {
      case 'known':
        if (this.#send(ip, resolution.address, packet, now)) return
        this.#context.carrier.connectOnDemand(resolution.address)
        return this.#wait(ip, packet, now)
      case 'pending':
        return this.#wait(ip, packet, now)
      case 'nobody':
        return this.#refuse(packet, 'unresolved', { kind: 'host' }, now)
    }
  }

  #send(ip: IpAddress, peer: Address, packet: Uint8Array, now: Instant): boolean {
    const { carrier } = this.#context
    const mtu = mtuFor(packet, carrier.packetBytesMax?.(peer))
    if (packet.length > mtu) {
      this.#refuse(packet, 'tooBig', { kind: 'fragmentationNeeded', mtu }, now)
      return true
    }
    if (!carrier.sendIp(peer, packet)) return false
    this.#context.counters.sent += 1
    this.#context.rows?.install(ip, peer, now)
    return true
  }

  #wait(ip: IpAddress, packet: Uint8Array, now: Instant): void {
    if (!this.#waiting.push(ip, packet.slice(), now)) return drop(this.#context, 'queueFull')
    this.#armRetry(now)
  }

  #armRetry(now: Instant): void {
    if (this.#retryAt === Number.POSITIVE_INFINITY) this.#retryAt = now + WAITING_RETRY_MS
  }

  #sendWaiting(ip: IpAddress, peer: Address, now: Instant): void {
    if (!this.#waiting.has(ip)) return
    this.#waiting.drain(ip, (packet) => this.#send(ip, peer, packet, now))
    if (!this.#waiting.has(ip)) return
    this.#context.carrier.connectOnDemand(peer)
    this.#armRetry(now)
  }

  #refuseWaiting(ip: IpAddress, reason: DropReason, now: Instant): void {
    for (const packet of this.#waiting.take(ip)) this.#refuse(packet, reason, { kind: 'host' }, now)
  }

  #refuse(packet: Uint8Array, reason: DropReason, cause: UnreachableCause, now: Instant): void {
    drop(this.#context, reason)
    if (!this.#icmpLimit.take(now)) return
    const error = this.#errorAbout(packet, cause)
    if (error === undefined) return
    this.#context.counters.icmpErrors += 1
    this.#context.writer.push(error)
  }

  #errorAbout(packet: Uint8Array, cause: UnreachableCause): Uint8Array | undefined {
    if (ipVersion(packet) === 6) return icmpv6Unreachable(packet, cause)
    const { own } = this.#context
    return own && icmpUnreachable(packet, own.network.serverIp, cause)
  }

  #copyToMembers(packet: Uint8Array, now: Instant): void {
    const { carrier, counters } = this.#context
    if (this.#members === undefined) return drop(this.#context, 'multicastDisabled')
    for (const member of this.#members.members(now)) {
      if (carrier.sendIp(member, packet)) counters.multicastCopies += 1
      else carrier.connectOnDemand(member)
    }
  }
}

/** What the host is told to keep to on a path that carries `pathMtu` whole; without a limit where it would not listen. */
function mtuFor(packet: Uint8Array, pathMtu = Number.POSITIVE_INFINITY): number {
  if (ipVersion(packet) === 6) return Math.max(pathMtu, IPV6_MTU_MIN)
  // RFC 791: the second flag, "don't fragment".
  const forbidsFragments = ((packet[6] ?? 0) & 0x40) !== 0
  return forbidsFragments ? pathMtu : Number.POSITIVE_INFINITY
}

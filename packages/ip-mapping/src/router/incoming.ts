/** From the carrier to the virtual interface. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import { icmpUnreachable } from '../ip/icmp-errors.ts'
import { icmpv6Unreachable } from '../ip/icmpv6-errors.ts'
import type { IpAddress } from '../ip/ip-address.ts'
import { isMartian, type Ipv4 } from '../ip/ipv4-address.ts'
import { isLinkScope } from '../ip/ipv6-address.ts'
import { ICMP_ERRORS_PER_SECOND_MAX } from '../limits.ts'
import type { ResolverEvent } from '../resolver/address-resolver.ts'
import { decodeIcmp, ICMP_UNREACHABLE, UNREACHABLE_CODE } from '../wire/icmp.ts'
import { decodeIpv4, ipVersion, PROTOCOL_ICMP, type Ipv4Packet } from '../wire/ipv4.ts'
import { decodeIpv6 } from '../wire/ipv6.ts'
import { drop, isGroup, type OwnNetwork, type RouterContext } from './context.ts'
import { RateLimit } from './rate-limit.ts'
import { WaitQueue } from './wait-queue.ts'

interface HeldPacket {
  readonly bytes: Uint8Array
  readonly from: Address
}

/** Delivers only packets whose source address belongs to the node that sent them. */
export class IncomingPath {
  readonly #context: RouterContext
  readonly #held = new WaitQueue<HeldPacket>()
  readonly #icmpLimit = new RateLimit({ perSecond: ICMP_ERRORS_PER_SECOND_MAX })

  constructor(context: RouterContext) {
    this.#context = context
  }

  /** Packets held until their source is verified. */
  get heldCount(): number {
    return this.#held.size
  }

  /** When `handleTimeout` is due. */
  get nextTimeout(): Instant {
    return this.#held.nextDeadline
  }

  /** Takes one packet that the session with `from` decrypted; `bytes` is borrowed. */
  handle(bytes: Uint8Array, from: Address, now: Instant): void {
    const context = this.#context
    if (ipVersion(bytes) === 6) return this.#handleIpv6(bytes, from, now)
    const packet = decodeIpv4(bytes)
    if (packet instanceof Malformed) return drop(context, 'malformed')
    const own = context.own
    if (own?.ip === undefined) return drop(context, 'noOwnAddress')
    const { source, destination } = packet
    if (isMartian(source) || isGroup(source, own.network)) return drop(context, 'martian')
    if (!own.network.contains(source) || source === own.ip || source === own.network.serverIp) {
      return drop(context, 'spoofed')
    }
    const trimmed = bytes.subarray(0, packet.totalLength)
    if (isGroup(destination, own.network)) {
      if (!context.isMulticastEnabled) return drop(context, 'multicastDisabled')
    } else if (destination !== own.ip) {
      return this.#refuse(() => icmpUnreachable(trimmed, destination, { kind: 'host' }), from, now)
    }
    if (this.#isStaleMappingNotice(packet, own, from, now)) {
      context.counters.staleMappings += 1
      return context.resolver.invalidate(source)
    }
    this.#verify(source, trimmed, from, now)
  }

  /** Delivers or drops what was held until a lookup ended. */
  handleResolverEvent(event: ResolverEvent, now: Instant): void {
    if (event.kind === 'dropped') return
    const held = this.#held.take(event.ip)
    if (event.kind === 'unresolved') return this.#dropHeld(held)
    for (const { bytes, from } of held) {
      if (event.address.equals(from)) this.#deliver(event.ip, bytes, from, now)
      else drop(this.#context, 'spoofed')
    }
  }

  /** Drops packets whose source could not be verified in time. */
  handleTimeout(now: Instant): void {
    for (const ip of this.#held.overdue(now)) this.#dropHeld(this.#held.take(ip))
  }

  /** The address of a node follows from who it is: nothing has to be looked up to know it. */
  #handleIpv6(bytes: Uint8Array, from: Address, now: Instant): void {
    const context = this.#context
    const packet = decodeIpv6(bytes)
    if (packet instanceof Malformed) return drop(context, 'malformed')
    const { source, destination } = packet
    if (isLinkScope(source) || isLinkScope(destination)) return drop(context, 'linkScope')
    if (!context.ipv6.isOf(source, from)) return drop(context, 'spoofed')
    const trimmed = bytes.subarray(0, packet.totalLength)
    if (destination !== context.ownIpv6) {
      return this.#refuse(() => icmpv6Unreachable(trimmed, { kind: 'host' }), from, now)
    }
    context.resolver.note(source, from, now)
    this.#deliver(source, trimmed, from, now)
  }

  #verify(source: Ipv4, bytes: Uint8Array, from: Address, now: Instant): void {
    const { resolver } = this.#context
    if (this.#held.has(source)) return this.#hold(source, bytes, from, now)
    const resolution = resolver.resolve(source, now)
    switch (resolution.kind) {
      case 'known':
        if (resolution.address.equals(from)) return this.#deliver(source, bytes, from, now)
        if (resolver.recheck(source, now)) return this.#hold(source, bytes, from, now)
        return drop(this.#context, 'spoofed')
      case 'pending':
        return this.#hold(source, bytes, from, now)
      case 'nobody':
        if (resolver.recheck(source, now)) return this.#hold(source, bytes, from, now)
        return drop(this.#context, 'unverifiedSource')
    }
  }

  #hold(source: Ipv4, bytes: Uint8Array, from: Address, now: Instant): void {
    if (!this.#held.push(source, { bytes: bytes.slice(), from }, now)) {
      drop(this.#context, 'queueFull')
    }
  }

  #deliver(source: IpAddress, bytes: Uint8Array, from: Address, now: Instant): void {
    this.#context.rows?.install(source, from, now)
    this.#context.writer.push(bytes.slice())
  }

  #dropHeld(held: readonly HeldPacket[]): void {
    for (let count = held.length; count > 0; count -= 1) drop(this.#context, 'unverifiedSource')
  }

  /**
   * Somebody believes that this node holds the destination of a packet. An error from that very address tells it so,
   * in a form that also makes sense to a data plane without this code.
   */
  #refuse(makeError: () => Uint8Array | undefined, from: Address, now: Instant): void {
    drop(this.#context, 'notForUs')
    if (!this.#icmpLimit.take(now)) return
    const error = makeError()
    if (error !== undefined) this.#context.carrier.sendIp(from, error)
  }

  /** The node that we believe holds an address says, from that address, that it does not. */
  #isStaleMappingNotice(packet: Ipv4Packet, own: OwnNetwork, from: Address, now: Instant): boolean {
    if (packet.protocol !== PROTOCOL_ICMP) return false
    const message = decodeIcmp(packet)
    if (message instanceof Malformed || message.type !== ICMP_UNREACHABLE) return false
    if (message.code !== UNREACHABLE_CODE.host || message.quotedSource !== own.ip) return false
    if (message.quotedDestination !== packet.source) return false
    return this.#context.resolver.peek(packet.source, now)?.equals(from) === true
  }
}

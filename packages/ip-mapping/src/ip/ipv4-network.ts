/** An IPv4 subnet, and which of its addresses may be handed out. */
import { Malformed } from '@ipop/codec'
import { formatIpv4, isMartian, isMulticast, parseIpv4, type Ipv4 } from './ipv4-address.ts'

/** A set of addresses given as base and mask, as `ReservedIPs` in DHCPConfig does. */
export interface Ipv4Range {
  readonly base: Ipv4
  readonly mask: number
}

/** A subnet with the ranges inside it that are never leased. */
export class Ipv4Network {
  readonly base: Ipv4
  readonly netmask: number
  readonly prefixLength: number
  /** The directed broadcast address. */
  readonly broadcast: Ipv4
  /** The address that name server and DHCP server answer at: the base with last octet 1. */
  readonly serverIp: Ipv4
  readonly #reserved: readonly Ipv4Range[]

  private constructor(given: Ipv4, netmask: number, reserved: readonly Ipv4Range[]) {
    this.base = (given & netmask) >>> 0
    this.netmask = netmask
    this.prefixLength = maskLength(netmask) ?? 0
    this.broadcast = (this.base | ~netmask) >>> 0
    const server = ((given & 0xffffff00) | 1) >>> 0
    // A base such as 10.0.0.128/25 has no address that ends in 1.
    this.serverIp = this.contains(server) ? server : this.base + 1
    this.#reserved = reserved
  }

  /** Makes a network from numbers; host bits of `base` are cleared. */
  static create(
    base: Ipv4,
    netmask: number,
    reserved: readonly Ipv4Range[] = [],
  ): Ipv4Network | Malformed {
    const length = maskLength(netmask)
    if (length === undefined) return new Malformed('network: netmask is not contiguous')
    // A /31 has no address left after server, base and broadcast; a /0 would swallow the underlay.
    if (length < 1 || length > 30) return new Malformed('network: prefix length not in 1..30')
    const first = (base & netmask) >>> 0
    if (isMartian(first) || isMulticast(first)) {
      return new Malformed('network: base is not a unicast address')
    }
    return new Ipv4Network(base, netmask >>> 0, reserved)
  }

  /** Makes a network from dotted decimal texts. */
  static parse(
    base: string,
    netmask: string,
    reserved: readonly { base: string; mask: string }[] = [],
  ): Ipv4Network | Malformed {
    const baseIp = parseIpv4(base)
    if (baseIp instanceof Malformed) return baseIp
    const mask = parseIpv4(netmask)
    if (mask instanceof Malformed) return mask
    const ranges: Ipv4Range[] = []
    for (const range of reserved) {
      const rangeBase = parseIpv4(range.base)
      if (rangeBase instanceof Malformed) return rangeBase
      const rangeMask = parseIpv4(range.mask)
      if (rangeMask instanceof Malformed) return rangeMask
      ranges.push({ base: rangeBase, mask: rangeMask })
    }
    return Ipv4Network.create(baseIp, mask, ranges)
  }

  /** Returns whether `ip` lies in the network, special addresses included. */
  contains(ip: Ipv4): boolean {
    return (ip & this.netmask) >>> 0 === this.base
  }

  /** Returns whether `ip` may never be leased: base/31, broadcast, server and the configured ranges. */
  isReserved(ip: Ipv4): boolean {
    if ((ip & 0xfffffffe) >>> 0 === (this.base & 0xfffffffe) >>> 0) return true
    if (ip === this.broadcast || ip === this.serverIp) return true
    return this.#reserved.some((range) => ((ip ^ range.base) & range.mask) === 0)
  }

  /** Returns whether a node may hold `ip`. */
  isUsable(ip: Ipv4): boolean {
    return this.contains(ip) && !this.isReserved(ip)
  }

  /** Returns the lowest and highest address that could be leased if no range were reserved. */
  usableRange(): { readonly first: Ipv4; readonly last: Ipv4 } {
    return { first: this.base + 2, last: this.broadcast - 1 }
  }

  /** Writes base and prefix length, e.g. `10.0.0.0/16`. */
  toString(): string {
    return `${formatIpv4(this.base)}/${this.prefixLength}`
  }
}

/** Returns the number of leading one bits when all other bits are zero, else undefined. */
export function maskLength(netmask: number): number | undefined {
  const inverted = ~netmask >>> 0
  if ((inverted & (inverted + 1)) !== 0) return undefined
  return Math.clz32(inverted)
}

/** Returns the netmask with `prefixLength` leading one bits. */
export function maskOfLength(prefixLength: number): number {
  return prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0
}

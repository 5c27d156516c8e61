/** Decides which IPv6 packets deserve an ICMPv6 error and builds it. */
import { Malformed } from '@ipop/codec'
import { ICMPV6_QUOTE_BYTES_MAX } from '../limits.ts'
import { encodeIcmpv6Error, type ICMPV6_ERROR } from '../wire/icmpv6.ts'
import { decodeIpv6, encodeIpv6, PROTOCOL_ICMPV6, type Ipv6Packet } from '../wire/ipv6.ts'
import type { UnreachableCause } from './icmp-errors.ts'
import { isLinkScope } from './ipv6-address.ts'

const KINDS: Readonly<Record<UnreachableCause['kind'], keyof typeof ICMPV6_ERROR>> = {
  network: 'noRoute',
  host: 'addressUnreachable',
  fragmentationNeeded: 'packetTooBig',
}

/** RFC 4443 §2.1: lower types are errors. */
const FIRST_INFORMATIONAL = 128
const REDIRECT = 137

/**
 * Builds the ICMPv6 error about `packet`; undefined when none may be sent. It seems to come from the packet's
 * destination: the network has no router, and a host takes nothing from an address of its own.
 */
export function icmpv6Unreachable(
  packet: Uint8Array,
  cause: UnreachableCause,
): Uint8Array | undefined {
  const header = decodeIpv6(packet)
  if (header instanceof Malformed || !mayReportError(header)) return undefined
  const { source: destination, destination: source, totalLength } = header
  const payload = encodeIcmpv6Error({
    source,
    destination,
    kind: KINDS[cause.kind],
    mtu: cause.kind === 'fragmentationNeeded' ? cause.mtu : 0,
    quote: packet.subarray(0, Math.min(totalLength, ICMPV6_QUOTE_BYTES_MAX)),
  })
  return encodeIpv6({ source, destination, nextHeader: PROTOCOL_ICMPV6, payload })
}

/** RFC 4443 §2.4 (e): no error about an error or a redirect, a group, or a source that is not one host. */
function mayReportError({ source, destination, nextHeader, payload }: Ipv6Packet): boolean {
  if (isLinkScope(source) || isLinkScope(destination)) return false
  if (nextHeader !== PROTOCOL_ICMPV6) return true
  const type = payload[0] ?? 0
  return type >= FIRST_INFORMATIONAL && type !== REDIRECT
}

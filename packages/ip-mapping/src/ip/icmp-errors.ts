/** Decides which packets deserve an ICMP error and builds it. */
import { Malformed } from '@ipop/codec'
import { ICMP_QUOTE_BYTES_MAX } from '../limits.ts'
import { encodeUnreachable, ICMP_UNREACHABLE, UNREACHABLE_CODE } from '../wire/icmp.ts'
import { decodeIpv4, encodeIpv4, PROTOCOL_ICMP, type Ipv4Packet } from '../wire/ipv4.ts'
import { isMartian, isMulticast, LIMITED_BROADCAST, type Ipv4 } from './ipv4-address.ts'

/** Why a packet could not be delivered. */
export type UnreachableCause =
  | { readonly kind: 'network' }
  | { readonly kind: 'host' }
  | { readonly kind: 'fragmentationNeeded'; readonly mtu: number }

/** Builds the ICMP error about `packet` as `reporter` sends it to the packet's source; undefined when none may be sent. */
export function icmpUnreachable(
  packet: Uint8Array,
  reporter: Ipv4,
  cause: UnreachableCause,
): Uint8Array | undefined {
  const header = decodeIpv4(packet)
  if (header instanceof Malformed || !mayReportError(header)) return undefined
  // RFC 1812 §4.3.2.3: quote as much as fits, so that the sender's stack finds its socket.
  const quote = packet.subarray(0, Math.min(header.totalLength, ICMP_QUOTE_BYTES_MAX))
  const mtu = cause.kind === 'fragmentationNeeded' ? cause.mtu : 0
  return encodeIpv4({
    source: reporter,
    destination: header.source,
    protocol: PROTOCOL_ICMP,
    // RFC 1812 §5.3.1: errors carry precedence "internetwork control".
    tos: 0xc0,
    payload: encodeUnreachable(UNREACHABLE_CODE[cause.kind], mtu, quote),
  })
}

/** RFC 1122 §3.2.2: no error about an error, a group, a later fragment, or a source that is not one host. */
function mayReportError(header: Ipv4Packet): boolean {
  if (header.fragmentOffset > 0) return false
  if (isMulticast(header.destination) || header.destination === LIMITED_BROADCAST) return false
  const { source } = header
  if (isMartian(source) || isMulticast(source) || source === LIMITED_BROADCAST) return false
  if (header.protocol !== PROTOCOL_ICMP) return true
  const type = header.payload[0] ?? ICMP_UNREACHABLE
  return ICMP_QUERY_TYPES.has(type)
}

/** Echo, timestamp, information and address mask, requests and replies; every other type reports an error. */
const ICMP_QUERY_TYPES: ReadonlySet<number> = new Set([0, 8, 13, 14, 15, 16, 17, 18])

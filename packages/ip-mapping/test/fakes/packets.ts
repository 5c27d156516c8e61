/** Packets as hosts send them. */
import { Malformed } from '@ipop/codec'
import { parseIpv4, type Ipv4 } from '../../src/ip/ipv4-address.ts'
import { encodeUdp } from '../../src/wire/udp.ts'

/** Reads an address that is known to be one. */
export function ip(text: string | undefined): Ipv4 {
  const parsed = parseIpv4(text ?? '')
  if (parsed instanceof Malformed) throw new Error(`${text}: ${parsed.reason}`)
  return parsed
}

/** Builds a UDP packet with `text` in it. */
export function udp(
  source: string | undefined,
  destination: string | undefined,
  text: string,
): Uint8Array {
  return encodeUdp({
    source: ip(source),
    sourcePort: 4_000,
    destination: ip(destination),
    destinationPort: 5_000,
    data: new TextEncoder().encode(text),
  })
}

/** Returns the text in a packet made by `udp`. */
export function textOf(packet: Uint8Array | undefined): string {
  return new TextDecoder().decode(packet?.subarray(28))
}

/** Sets "don't fragment" and the header checksum that follows (RFC 1624). */
export function forbidFragments(packet: Uint8Array): Uint8Array {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  const before = view.getUint16(6)
  const after = before | 0x4000
  const sum = (~view.getUint16(10) & 0xffff) + (~before & 0xffff) + after
  const folded = (sum & 0xffff) + (sum >>> 16)
  view.setUint16(6, after)
  view.setUint16(10, ~((folded & 0xffff) + (folded >>> 16)) & 0xffff)
  return packet
}

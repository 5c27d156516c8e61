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

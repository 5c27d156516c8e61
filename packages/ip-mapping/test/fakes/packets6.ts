/** IPv6 packets as hosts send them. */
import { Malformed } from '@ipop/codec'
import { finishChecksum, pseudoHeaderSum, sumWords } from '../../src/ip/checksum.ts'
import { parseIpv6, type Ipv6 } from '../../src/ip/ipv6-address.ts'
import { encodeIpv6 } from '../../src/wire/ipv6.ts'

/** Reads an address that is known to be one. */
export function ip6(text: string): Ipv6 {
  const parsed = parseIpv6(text)
  if (parsed instanceof Malformed) throw new Error(`${text}: ${parsed.reason}`)
  return parsed
}

/** Builds a UDP packet with `text` in it. */
export function udp6(source: Ipv6, destination: Ipv6, text: string): Uint8Array {
  const data = new TextEncoder().encode(text)
  const payload = new Uint8Array(8 + data.length)
  payload.set([0x0f, 0xa0, 0x13, 0x88, payload.length >>> 8, payload.length])
  payload.set(data, 8)
  const pseudo = pseudoHeaderSum(source, destination, 17, payload.length)
  new DataView(payload.buffer).setUint16(6, finishChecksum(sumWords(payload, pseudo)))
  return encodeIpv6({ source, destination, nextHeader: 17, payload })
}

/** Returns the text in a packet made by `udp6`. */
export function textOf6(packet: Uint8Array): string {
  return new TextDecoder().decode(packet.subarray(48))
}

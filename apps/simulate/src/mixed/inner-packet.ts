/** Inner IP packets with a text in them, as programs on the virtual network send them. */
import { ipNumber } from '../ring/virtual-host.ts'

/** An IPv4 header without options, and a UDP header. */
const HEADERS_BYTES = 28
const PROTOCOL_UDP = 17

/** Returns a UDP packet; its UDP checksum is left out, as IPv4 allows. */
export function innerPacket(source: string, destination: string, text: string): Uint8Array {
  const data = new TextEncoder().encode(text)
  const packet = Buffer.alloc(HEADERS_BYTES + data.length)
  packet[0] = 0x45
  packet.writeUInt16BE(packet.length, 2)
  packet[8] = 64
  packet[9] = PROTOCOL_UDP
  packet.writeUInt32BE(ipNumber(source), 12)
  packet.writeUInt32BE(ipNumber(destination), 16)
  packet.writeUInt16BE(headerChecksum(packet), 10)
  packet.writeUInt16BE(4_000, 20)
  packet.writeUInt16BE(5_000, 22)
  packet.writeUInt16BE(8 + data.length, 24)
  packet.set(data, HEADERS_BYTES)
  return packet
}

/** Returns the text in a packet made by `innerPacket`, or undefined for other packets. */
export function innerText(packet: Uint8Array): string | undefined {
  if (packet[9] !== PROTOCOL_UDP || packet.length < HEADERS_BYTES) return undefined
  return new TextDecoder().decode(packet.subarray(HEADERS_BYTES))
}

function headerChecksum(packet: Buffer): number {
  let sum = 0
  for (let at = 0; at < 20; at += 2) sum += packet.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

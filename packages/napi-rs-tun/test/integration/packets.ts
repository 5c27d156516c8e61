/** Just enough IP, ICMP, UDP and ARP for tests to answer a kernel. */

const ICMP = 1
const ICMPV6 = 58

/** Returns the answer to an echo request, or undefined for any other packet. */
export function echoReply(packet: Uint8Array): Uint8Array | undefined {
  const reply = Buffer.from(packet)
  if (reply[0] === 0x45 && reply[9] === ICMP && reply[20] === 8) {
    swap(reply, 12, 16, 4)
    reply[20] = 0
    reply.writeUInt16BE(0, 22)
    reply.writeUInt16BE(checksum(reply.subarray(20)), 22)
    return reply
  }
  if ((reply[0] ?? 0) >> 4 === 6 && reply[6] === ICMPV6 && reply[40] === 128) {
    swap(reply, 8, 24, 16)
    reply[40] = 129
    reply.writeUInt16BE(0, 42)
    const pseudo = Buffer.alloc(8)
    pseudo.writeUInt32BE(reply.length - 40, 0)
    pseudo[7] = ICMPV6
    reply.writeUInt16BE(
      checksum(Buffer.concat([reply.subarray(8, 40), pseudo, reply.subarray(40)])),
      42,
    )
    return reply
  }
  return undefined
}

/** Returns an IPv4 UDP packet with `length` zero bytes of payload and no UDP checksum. */
export function udpPacket(from: string, to: string, port: number, length: number): Uint8Array {
  const packet = Buffer.alloc(28 + length)
  packet[0] = 0x45
  packet.writeUInt16BE(packet.length, 2)
  packet[8] = 64
  packet[9] = 17
  packet.set(from.split('.').map(Number), 12)
  packet.set(to.split('.').map(Number), 16)
  packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10)
  packet.writeUInt16BE(4000, 20)
  packet.writeUInt16BE(port, 22)
  packet.writeUInt16BE(8 + length, 24)
  return packet
}

/** Returns whether the checksum of an IPv4 UDP packet is there and right. */
export function hasValidUdpChecksum(packet: Uint8Array): boolean {
  const udp = packet.subarray(20)
  const pseudo = [...packet.subarray(12, 20), 0, 17, udp.length >> 8, udp.length & 0xff]
  const isPresent = udp[6] !== 0 || udp[7] !== 0
  return isPresent && checksum(Buffer.concat([Uint8Array.from(pseudo), udp])) === 0
}

/** Returns whether an Ethernet frame is an ARP request. */
export function isArpRequest(frame: Uint8Array): boolean {
  return frame[12] === 8 && frame[13] === 6 && frame[21] === 1
}

/** Returns the answer to an ARP request from a made-up station. */
export function arpReply(request: Uint8Array): Uint8Array {
  const reply = Buffer.from(request)
  const station = [2, 0, 0, 0, 0, 2]
  reply.set(request.subarray(6, 12), 0)
  reply.set(station, 6)
  reply[21] = 2
  reply.set(station, 22)
  reply.set(request.subarray(38, 42), 28)
  reply.set(request.subarray(22, 32), 32)
  return reply
}

function swap(bytes: Buffer, a: number, b: number, length: number): void {
  const kept = Buffer.from(bytes.subarray(a, a + length))
  bytes.copy(bytes, a, b, b + length)
  kept.copy(bytes, b)
}

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

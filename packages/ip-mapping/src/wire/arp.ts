/**
 * ARP for IPv4 over Ethernet (RFC 826), big-endian.
 *   offset  size  field
 *        0     2  hardware type (1)
 *        2     2  protocol type (0x0800)
 *        4     1  hardware address length (6)
 *        5     1  protocol address length (4)
 *        6     2  operation: 1 request, 2 reply
 *        8     6  sender hardware address
 *       14     4  sender IP
 *       18     6  target hardware address
 *       24     4  target IP
 */
import { equalBytes, Malformed } from '@ipop/codec'
import { readIpv4, writeIpv4, type Ipv4 } from '../ip/ipv4-address.ts'
import type { MacAddress } from './ethernet.ts'

const OPERATION = 6
const SENDER_MAC = 8
const SENDER_IP = 14
const TARGET_MAC = 18
const TARGET_IP = 24
const LENGTH = 28

const PREAMBLE = new Uint8Array([0, 1, 8, 0, 6, 4])

/** Operations. */
export const ARP_OPERATION = { request: 1, reply: 2 } as const

/** An ARP message; the hardware addresses are views into it. */
export interface ArpMessage {
  readonly operation: number
  readonly senderMac: MacAddress
  readonly senderIp: Ipv4
  readonly targetMac: MacAddress
  readonly targetIp: Ipv4
}

/** Reads an ARP message; padding behind it is ignored. */
export function decodeArp(bytes: Uint8Array): ArpMessage | Malformed {
  if (bytes.length < LENGTH) return new Malformed('arp: too short')
  if (!equalBytes(bytes.subarray(0, OPERATION), PREAMBLE)) {
    return new Malformed('arp: not IPv4 over Ethernet')
  }
  return {
    operation: ((bytes[OPERATION] ?? 0) << 8) | (bytes[OPERATION + 1] ?? 0),
    senderMac: bytes.subarray(SENDER_MAC, SENDER_IP),
    senderIp: readIpv4(bytes, SENDER_IP),
    targetMac: bytes.subarray(TARGET_MAC, TARGET_IP),
    targetIp: readIpv4(bytes, TARGET_IP),
  }
}

/** Builds an ARP message. */
export function encodeArp(message: ArpMessage): Uint8Array {
  const bytes = new Uint8Array(LENGTH)
  bytes.set(PREAMBLE)
  bytes[OPERATION] = message.operation >>> 8
  bytes[OPERATION + 1] = message.operation
  bytes.set(message.senderMac, SENDER_MAC)
  writeIpv4(bytes, SENDER_IP, message.senderIp)
  bytes.set(message.targetMac, TARGET_MAC)
  writeIpv4(bytes, TARGET_IP, message.targetIp)
  return bytes
}

/**
 * Ethernet II frame (RFC 894), big-endian.
 *   offset  size  field
 *        0     6  destination
 *        6     6  source
 *       12     2  EtherType
 *       14     n  payload
 */
import { Malformed } from '@ipop/codec'
import { isMulticast, LIMITED_BROADCAST, type Ipv4 } from '../ip/ipv4-address.ts'

const SOURCE = 6
const TYPE = 12

/** Length of a frame's header. */
export const ETHERNET_HEADER_BYTES = 14

/** EtherTypes this package handles. */
export const ETHER_TYPE = { ipv4: 0x0800, arp: 0x0806 } as const

/** A hardware address of six bytes. */
export type MacAddress = Uint8Array

/** ff:ff:ff:ff:ff:ff. */
export const BROADCAST_MAC: MacAddress = new Uint8Array(6).fill(255)

/** A received frame; the byte fields are views into it. */
export interface EthernetFrame {
  readonly destination: MacAddress
  readonly source: MacAddress
  readonly etherType: number
  readonly payload: Uint8Array
}

/** Reads a frame. */
export function decodeEthernet(bytes: Uint8Array): EthernetFrame | Malformed {
  if (bytes.length < ETHERNET_HEADER_BYTES) return new Malformed('ethernet: shorter than a header')
  return {
    destination: bytes.subarray(0, SOURCE),
    source: bytes.subarray(SOURCE, TYPE),
    etherType: ((bytes[TYPE] ?? 0) << 8) | (bytes[TYPE + 1] ?? 0),
    payload: bytes.subarray(ETHERNET_HEADER_BYTES),
  }
}

/** Builds a frame. */
export function encodeEthernet(frame: EthernetFrame): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_HEADER_BYTES + frame.payload.length)
  bytes.set(frame.destination, 0)
  bytes.set(frame.source, SOURCE)
  bytes[TYPE] = frame.etherType >>> 8
  bytes[TYPE + 1] = frame.etherType
  bytes.set(frame.payload, ETHERNET_HEADER_BYTES)
  return bytes
}

/** Returns the hardware address of a group (RFC 1112 §6.4) or of everybody; undefined for a single host. */
export function groupMac(ip: Ipv4, broadcast: Ipv4 | undefined): MacAddress | undefined {
  if (ip === LIMITED_BROADCAST || ip === broadcast) return BROADCAST_MAC
  if (!isMulticast(ip)) return undefined
  return new Uint8Array([0x01, 0x00, 0x5e, (ip >>> 16) & 0x7f, (ip >>> 8) & 255, ip & 255])
}

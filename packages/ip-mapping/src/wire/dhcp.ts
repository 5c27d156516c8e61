/**
 * DHCP message (RFC 2131 §2), big-endian.
 *   offset  size  field
 *        0     1  op: 1 request, 2 reply
 *        1     1  hardware type (1)
 *        2     1  hardware address length (6)
 *        3     1  hops
 *        4     4  transaction id
 *        8     2  seconds
 *       10     2  flags; top bit = answer by broadcast
 *       12     4  ciaddr: the client's address, when it uses one
 *       16     4  yiaddr: the address it is given
 *       20     4  siaddr
 *       24     4  giaddr: relay agent
 *       28    16  chaddr: the client's hardware address
 *       44   192  sname, file: unused
 *      236     4  magic cookie 63 82 53 63
 *      240     n  options: code u8, length u8, data; 0 = pad, 255 = end (RFC 2132)
 */
import { ByteWriter, Malformed } from '@ipop/codec'
import { readIpv4, type Ipv4 } from '../ip/ipv4-address.ts'
import { DHCP_MESSAGE_BYTES_MIN, DHCP_OPTIONS_MAX } from '../limits.ts'

const TRANSACTION_ID = 4
const FLAGS = 10
const CLIENT_IP = 12
const RELAY_IP = 24
const CLIENT_MAC = 28
const COOKIE = 236
const OPTIONS = 240

const MAGIC_COOKIE = 0x63825363
const OPTION_PAD = 0
const OPTION_END = 255

/** Message types (RFC 2132 §9.6). */
export const DHCP_TYPE = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const

/** Option codes that are used here. */
export const DHCP_OPTION = {
  subnetMask: 1,
  nameServer: 6,
  domainName: 15,
  interfaceMtu: 26,
  requestedIp: 50,
  leaseTime: 51,
  messageType: 53,
  serverId: 54,
} as const

/** A client's message. */
export interface DhcpRequestMessage {
  readonly type: number
  readonly transactionId: number
  readonly isBroadcastWanted: boolean
  readonly clientIp: Ipv4
  readonly relayIp: Ipv4
  readonly clientMac: Uint8Array
  readonly requestedIp: Ipv4 | undefined
  readonly serverId: Ipv4 | undefined
}

/** Reads a client's message. */
export function decodeDhcpRequest(bytes: Uint8Array): DhcpRequestMessage | Malformed {
  if (bytes.length < OPTIONS) return new Malformed('dhcp: too short')
  if (bytes[0] !== 1 || bytes[1] !== 1 || bytes[2] !== 6) {
    return new Malformed('dhcp: not a request over Ethernet')
  }
  if (readIpv4(bytes, COOKIE) !== MAGIC_COOKIE) return new Malformed('dhcp: no magic cookie')
  const options = decodeOptions(bytes.subarray(OPTIONS))
  if (options instanceof Malformed) return options
  const type = options.get(DHCP_OPTION.messageType)
  if (type?.length !== 1) return new Malformed('dhcp: no message type')
  return {
    type: type[0] ?? 0,
    transactionId: readIpv4(bytes, TRANSACTION_ID),
    isBroadcastWanted: ((bytes[FLAGS] ?? 0) & 0x80) !== 0,
    clientIp: readIpv4(bytes, CLIENT_IP),
    relayIp: readIpv4(bytes, RELAY_IP),
    clientMac: bytes.slice(CLIENT_MAC, CLIENT_MAC + 6),
    requestedIp: ipOption(options.get(DHCP_OPTION.requestedIp)),
    serverId: ipOption(options.get(DHCP_OPTION.serverId)),
  }
}

/** A server's message. Options that are absent are not sent. */
export interface DhcpReplyMessage {
  readonly type: number
  readonly transactionId: number
  readonly isBroadcastWanted: boolean
  readonly clientIp: Ipv4
  readonly yourIp: Ipv4
  readonly clientMac: Uint8Array
  readonly serverId: Ipv4
  readonly leaseSeconds?: number
  readonly subnetMask?: number
  readonly nameServer?: Ipv4
  readonly domainName?: string
  readonly interfaceMtu?: number
}

/** Builds a server's message. */
export function encodeDhcpReply(reply: DhcpReplyMessage): Uint8Array {
  const writer = new ByteWriter(DHCP_MESSAGE_BYTES_MIN)
  writer.bytes(new Uint8Array([2, 1, 6, 0]))
  writer.u32(reply.transactionId)
  writer.u16(0)
  writer.u16(reply.isBroadcastWanted ? 0x8000 : 0)
  writer.u32(reply.clientIp)
  writer.u32(reply.yourIp)
  writer.u32(0)
  writer.u32(0)
  writer.bytes(reply.clientMac)
  writer.bytes(new Uint8Array(COOKIE - CLIENT_MAC - 6))
  writer.u32(MAGIC_COOKIE)
  writeOption(writer, DHCP_OPTION.messageType, new Uint8Array([reply.type]))
  writeNumber(writer, DHCP_OPTION.serverId, reply.serverId)
  if (reply.leaseSeconds !== undefined) {
    writeNumber(writer, DHCP_OPTION.leaseTime, reply.leaseSeconds)
  }
  if (reply.subnetMask !== undefined) writeNumber(writer, DHCP_OPTION.subnetMask, reply.subnetMask)
  if (reply.nameServer !== undefined) writeNumber(writer, DHCP_OPTION.nameServer, reply.nameServer)
  if (reply.domainName !== undefined) {
    writeOption(writer, DHCP_OPTION.domainName, new TextEncoder().encode(reply.domainName))
  }
  if (reply.interfaceMtu !== undefined) {
    const mtu = new Uint8Array([reply.interfaceMtu >>> 8, reply.interfaceMtu])
    writeOption(writer, DHCP_OPTION.interfaceMtu, mtu)
  }
  writer.u8(OPTION_END)
  const bytes = writer.toBytes()
  if (bytes.length >= DHCP_MESSAGE_BYTES_MIN) return bytes
  const padded = new Uint8Array(DHCP_MESSAGE_BYTES_MIN)
  padded.set(bytes)
  return padded
}

function decodeOptions(bytes: Uint8Array): Map<number, Uint8Array> | Malformed {
  const options = new Map<number, Uint8Array>()
  let at = 0
  while (at < bytes.length) {
    const code = bytes[at] ?? OPTION_END
    if (code === OPTION_END) return options
    if (code === OPTION_PAD) {
      at += 1
      continue
    }
    const length = bytes[at + 1] ?? 0
    const end = at + 2 + length
    if (at + 2 > bytes.length || end > bytes.length) return new Malformed('dhcp: option is cut off')
    if (options.size >= DHCP_OPTIONS_MAX) return new Malformed('dhcp: too many options')
    if (!options.has(code)) options.set(code, bytes.subarray(at + 2, end))
    at = end
  }
  // A missing end option is tolerated: clients exist that fill the packet exactly.
  return options
}

function ipOption(data: Uint8Array | undefined): Ipv4 | undefined {
  return data?.length === 4 ? readIpv4(data, 0) : undefined
}

function writeNumber(writer: ByteWriter, code: number, value: number): void {
  writer.u8(code)
  writer.u8(4)
  writer.u32(value)
}

function writeOption(writer: ByteWriter, code: number, data: Uint8Array): void {
  writer.u8(code)
  writer.u8(data.length)
  writer.bytes(data)
}

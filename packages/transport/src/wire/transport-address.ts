/**
 * Transport address, compact binary form, big-endian. See docs/wire/transport-address.md.
 *   offset  size  field
 *        0     1  form: bits 0-1 host (0 IPv4, 1 IPv6, 2 name), bits 2-3 transport (0 UDP, 1 TCP), bit 7 path follows
 *        1   4/16  IP address; or length (1 byte) and host name in ASCII
 *        .     2  port
 *        .   1+p  path length and path, when bit 7 of form is set
 */
import { type ByteReader, type ByteWriter, Malformed } from '@ipop/codec'
import { TransportAddress } from '../address/transport-address.ts'

const HOST_MASK = 0x03
const HOST_IPV4 = 0
const HOST_IPV6 = 1
const HOST_NAME = 2
const TRANSPORT_SHIFT = 2
const TRANSPORT_MASK = 0x03
const TRANSPORTS = ['udp', 'tcp'] as const
const RESERVED_MASK = 0x70
const HAS_PATH = 0x80

/** Returns how many bytes `writeTransportAddress` takes. */
export function transportAddressBytes(ta: TransportAddress): number {
  const host = ta.ipBytes ? ta.ipBytes.length : 1 + ta.host.length
  return 1 + host + 2 + (ta.path === undefined ? 0 : 1 + ta.path.length)
}

/** Writes an address: 7 bytes for IPv4, 19 for IPv6. */
export function writeTransportAddress(writer: ByteWriter, ta: TransportAddress): void {
  const host = !ta.ipBytes ? HOST_NAME : ta.ipBytes.length === 4 ? HOST_IPV4 : HOST_IPV6
  const transport = TRANSPORTS.indexOf(ta.kind) << TRANSPORT_SHIFT
  writer.u8(host | transport | (ta.path === undefined ? 0 : HAS_PATH))
  if (ta.ipBytes) writer.bytes(ta.ipBytes)
  else writeText(writer, ta.host)
  writer.u16(ta.port)
  if (ta.path !== undefined) writeText(writer, ta.path)
}

/** Reads an address; checks host and path as the text form does. */
export function readTransportAddress(reader: ByteReader): TransportAddress | Malformed {
  const form = reader.u8()
  const kind = TRANSPORTS[(form >> TRANSPORT_SHIFT) & TRANSPORT_MASK]
  const host = readHost(reader, form & HOST_MASK)
  const port = reader.u16()
  const path = form & HAS_PATH ? readText(reader) : undefined
  if (!reader.ok) return new Malformed('transport address: cut short')
  if (kind === undefined || form & RESERVED_MASK || host === undefined) {
    return new Malformed('transport address: unknown form')
  }
  if (path === '') return new Malformed('transport address: empty path')
  return TransportAddress.fromParts(kind, host, port, path)
}

function readHost(reader: ByteReader, form: number): string | Uint8Array | undefined {
  if (form === HOST_IPV4) return reader.bytes(4)
  if (form === HOST_IPV6) return reader.bytes(16)
  return form === HOST_NAME ? readText(reader) : undefined
}

function writeText(writer: ByteWriter, text: string): void {
  writer.u8(text.length)
  for (let i = 0; i < text.length; i++) writer.u8(text.charCodeAt(i))
}

function readText(reader: ByteReader): string {
  return String.fromCharCode(...reader.bytes(reader.u8()))
}

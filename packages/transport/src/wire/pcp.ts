/**
 * Port Control Protocol, as far as a client needs it, big-endian (RFC 6887). See docs/wire/port-mapping.md.
 * Request:
 *   offset  size  field
 *        0     1  version: 2
 *        1     1  operation: 0 announce, 1 map
 *        2     2  zeros
 *        4     4  lifetime in seconds; 0 removes the mapping
 *        8    16  address of the client
 *   map only:
 *       24    12  nonce, the same for every request about one mapping
 *       36     1  IP protocol: 6 TCP, 17 UDP
 *       37     3  zeros
 *       40     2  internal port
 *       42     2  external port wished for, 0 = any
 *       44    16  external address wished for, ::ffff:0.0.0.0 = any
 * Response:
 *        0     1  version: 2
 *        1     1  operation + 128
 *        2     1  zero
 *        3     1  result: 0 success
 *        4     4  lifetime in seconds, of the mapping or of the error
 *        8     4  seconds since the gateway lost its mappings
 *       12    12  zeros
 *       24        as in the request, with the assigned port and address
 */
import { ByteReader, ByteWriter, Malformed } from '@ipop/codec'
import { formatIp, parseIp, unmapIp } from '../address/ip-text.ts'
import {
  type MapRequest,
  RESPONSE_BIT,
  type MappedKind,
  transportOf,
  type GatewayEvent,
} from './port-mapping.ts'

const VERSION = 2
const OPERATION_ANNOUNCE = 0
const OPERATION_MAP = 1
const HEADER_BYTES = 24
const MAP_BYTES = 60
const IP_PROTOCOLS: Readonly<Record<MappedKind, number>> = { tcp: 6, udp: 17 }
const ANY_IPV4 = '0.0.0.0'

/** Bytes of the nonce that ties the requests about one mapping together. */
export const PCP_NONCE_BYTES = 12

/** Results by number, in the words of RFC 6887 section 7.4. */
const RESULTS = [
  'success',
  'unsupported version',
  'not authorized',
  'malformed request',
  'unsupported operation',
  'unsupported option',
  'malformed option',
  'network failure',
  'no resources',
  'unsupported protocol',
  'quota exceeded',
  'cannot provide the external port',
  'address mismatch',
  'excessive remote peers',
]

/** A mapping request with what only this protocol has. */
export interface PcpMapRequest extends MapRequest {
  /** Address that the gateway sees the request come from. */
  readonly client: string
  /** PCP_NONCE_BYTES random bytes. */
  readonly nonce: Uint8Array
}

/** What a gateway answers, with the nonce of the mapping. */
export interface PcpResponse extends GatewayEvent {
  readonly nonce?: Uint8Array
}

/** Returns the bytes of an announce request: the shortest question that a server answers. */
export function encodePcpAnnounce(client: string): Uint8Array {
  return header(OPERATION_ANNOUNCE, 0, client).toBytes()
}

/** Returns the bytes of a map request. */
export function encodePcpMap(request: PcpMapRequest): Uint8Array {
  const writer = header(OPERATION_MAP, request.lifetimeSeconds, request.client)
  writer.bytes(request.nonce).u8(IP_PROTOCOLS[request.kind]).u8(0).u16(0)
  writer.u16(request.port).u16(request.externalPort)
  return writeAddress(writer, ANY_IPV4).toBytes()
}

/** Reads a response to an announce or a map request. */
export function decodePcpResponse(bytes: Uint8Array): PcpResponse | Malformed {
  const reader = new ByteReader(bytes)
  const [version, operation] = [reader.u8(), reader.u8()]
  reader.u8()
  const result = reader.u8()
  const lifetimeSeconds = reader.u32()
  const epochSeconds = reader.u32()
  reader.bytes(12)
  if (!reader.ok) return new Malformed('pcp: cut short')
  if (version !== VERSION || operation < RESPONSE_BIT) return new Malformed('pcp: not a response')
  const refusal = result === 0 ? undefined : (RESULTS[result] ?? `result ${result}`)
  const common = { refusal, epochSeconds, lifetimeSeconds }
  if (operation === RESPONSE_BIT + OPERATION_ANNOUNCE) return { kind: 'announce', ...common }
  if (operation !== RESPONSE_BIT + OPERATION_MAP) return new Malformed('pcp: unknown operation')
  return readMap(reader, common)
}

function readMap(
  reader: ByteReader,
  common: Pick<GatewayEvent, 'refusal' | 'epochSeconds' | 'lifetimeSeconds'>,
): PcpResponse | Malformed {
  const nonce = reader.bytes(PCP_NONCE_BYTES).slice()
  const protocol = reader.u8()
  reader.bytes(3)
  const [port, externalPort] = [reader.u16(), reader.u16()]
  const host = formatIp(unmapIp(reader.bytes(16)))
  if (!reader.ok) return new Malformed('pcp: cut short')
  const kind = transportOf(protocol)
  if (kind === undefined) return new Malformed('pcp: unknown transport')
  return { kind, ...common, nonce, port, externalPort, host }
}

function header(operation: number, lifetimeSeconds: number, client: string): ByteWriter {
  const writer = new ByteWriter(operation === OPERATION_MAP ? MAP_BYTES : HEADER_BYTES)
  writer.u8(VERSION).u8(operation).u16(0).u32(lifetimeSeconds)
  return writeAddress(writer, client)
}

/** IPv4 addresses travel in their IPv6-mapped form (RFC 6887 section 5). */
function writeAddress(writer: ByteWriter, host: string): ByteWriter {
  const bytes = parseIp(host) ?? new Uint8Array(4)
  if (bytes.length === 16) return writer.bytes(bytes)
  return writer.bytes(new Uint8Array(10)).u16(0xffff).bytes(bytes)
}

/**
 * NAT Port Mapping Protocol, as far as a client needs it, big-endian (RFC 6886). See docs/wire/port-mapping.md.
 * Request:
 *   offset  size  field
 *        0     1  version: 0
 *        1     1  operation: 0 external address, 1 map UDP, 2 map TCP
 *   map only:
 *        2     2  zeros
 *        4     2  internal port
 *        6     2  external port wished for, 0 = any
 *        8     4  lifetime in seconds; 0 removes the mapping
 * Response:
 *        0     1  version: 0
 *        1     1  operation + 128
 *        2     2  result: 0 success
 *        4     4  seconds since the gateway lost its mappings
 *   external address:
 *        8     4  IPv4 address
 *   map:
 *        8     2  internal port
 *       10     2  external port
 *       12     4  lifetime in seconds
 */
import { ByteReader, ByteWriter, Malformed } from '@ipop/codec'
import { formatIp } from '../address/ip-text.ts'
import {
  type GatewayEvent,
  type MapRequest,
  type MappedKind,
  RESPONSE_BIT,
} from './port-mapping.ts'

const VERSION = 0
const OPERATION_ADDRESS = 0
const OPERATIONS: Readonly<Record<MappedKind, number>> = { udp: 1, tcp: 2 }
const MAP_BYTES = 12

/** Results by number, in the words of RFC 6886 section 3.5. */
const RESULTS = [
  'success',
  'unsupported version',
  'not authorized',
  'network failure',
  'no resources',
  'unsupported operation',
]

/** Returns the bytes of the question for the external address. */
export function encodeNatPmpAddressRequest(): Uint8Array {
  return Uint8Array.of(VERSION, OPERATION_ADDRESS)
}

/** Returns the bytes of a map request. */
export function encodeNatPmpMap(request: MapRequest): Uint8Array {
  const writer = new ByteWriter(MAP_BYTES)
  writer.u8(VERSION).u8(OPERATIONS[request.kind]).u16(0)
  writer.u16(request.port).u16(request.externalPort).u32(request.lifetimeSeconds)
  return writer.toBytes()
}

/** Reads a response. */
export function decodeNatPmpResponse(bytes: Uint8Array): GatewayEvent | Malformed {
  const reader = new ByteReader(bytes)
  const [version, operation] = [reader.u8(), reader.u8()]
  const result = reader.u16()
  const epochSeconds = reader.u32()
  // A gateway that knows nothing of the operation sends no more than the header.
  if (bytes.length < 4) return new Malformed('nat-pmp: cut short')
  if (version !== VERSION || operation < RESPONSE_BIT) {
    return new Malformed('nat-pmp: not a response')
  }
  const kind = kindOf(operation - RESPONSE_BIT)
  if (kind === undefined) return new Malformed('nat-pmp: unknown operation')
  const refusal = result === 0 ? undefined : (RESULTS[result] ?? `result ${result}`)
  if (refusal !== undefined) return { kind, refusal, epochSeconds: reader.ok ? epochSeconds : 0 }
  const event = { kind, refusal, epochSeconds, ...readBody(reader, kind) }
  return reader.ok ? event : new Malformed('nat-pmp: cut short')
}

function readBody(reader: ByteReader, kind: GatewayEvent['kind']): Partial<GatewayEvent> {
  if (kind === 'announce') return { host: formatIp(reader.bytes(4)) }
  const [port, externalPort] = [reader.u16(), reader.u16()]
  return { port, externalPort, lifetimeSeconds: reader.u32() }
}

function kindOf(operation: number): GatewayEvent['kind'] | undefined {
  if (operation === OPERATION_ADDRESS) return 'announce'
  return operation === OPERATIONS.udp ? 'udp' : operation === OPERATIONS.tcp ? 'tcp' : undefined
}

/**
 * Hello and hello reply, big-endian, unauthenticated. See docs/wire/hello.md.
 * Hello: padded, so that the reply can be as long and never longer.
 *   offset  size  field
 *        0     1  type 0x10
 *        1     1  version: 1
 *        2     2  flags, 0
 *        4     8  transaction id
 *       12    20  asker's ring address, 0 = not told
 *       32   1+p  path length and path
 *        .     .  zeros
 * Reply:
 *        0     1  type 0x11
 *        1     1  version: 1
 *        2     1  status byte of the node
 *        3     1  0
 *        4     8  transaction id of the hello
 *       12   7/19  compact transport address that the asker was seen at
 *        .   2+r  record length and node record
 *        .   1+e  number of endpoints and compact transport addresses of the node
 */
import { Address } from '@ipop/address'
import { ByteReader, ByteWriter, Malformed } from '@ipop/codec'
import type { TransportAddress } from '../address/transport-address.ts'
import { HELLO_BYTES, HELLO_BYTES_MIN, HINT_ENDPOINTS_MAX, PATH_LENGTH_MAX } from '../limits.ts'
import { DATAGRAM_HELLO, DATAGRAM_HELLO_REPLY } from './frame-types.ts'
import { readEndpoints, writeEndpoints } from './peer-hint.ts'
import {
  readTransportAddress,
  transportAddressBytes,
  writeTransportAddress,
} from './transport-address.ts'

const VERSION = 1
const TRANSACTION_OFFSET = 4
const ADDRESS_BYTES = 20

/** Bytes of a transaction id: too many to guess for somebody who does not see the hello. */
export const HELLO_TRANSACTION_BYTES = 8

/** A question to a port. */
export interface Hello {
  readonly transaction: Uint8Array
  /** The asker, so that a port shared with it answers for another node. Zero when not told. */
  readonly asker: Address
  /** The node that is meant, when the transport address named one. */
  readonly path?: string
}

/** The answer of a port. */
export interface HelloReplyMessage {
  readonly transaction: Uint8Array
  /** The status byte that the node tells everybody. */
  readonly status: number
  readonly observed: TransportAddress
  /** Encoded node record. */
  readonly record: Uint8Array
  readonly endpoints: readonly TransportAddress[]
}

/** Returns the bytes of a hello, padded to `length`: no reply to it can be longer. */
export function encodeHello(hello: Hello, length = HELLO_BYTES): Uint8Array {
  const bytes = new Uint8Array(length)
  const writer = new ByteWriter(HELLO_BYTES)
  const path = new TextEncoder().encode(hello.path ?? '').subarray(0, PATH_LENGTH_MAX)
  writer.u8(DATAGRAM_HELLO).u8(VERSION).u16(0)
  writer.bytes(hello.transaction).bytes(hello.asker.bytes)
  writer.u8(path.length).bytes(path)
  bytes.set(writer.toBytes())
  return bytes
}

/** Reads a hello. */
export function decodeHello(bytes: Uint8Array): Hello | Malformed {
  if (bytes.length < HELLO_BYTES_MIN) return new Malformed('hello: too short for a reply')
  const reader = new ByteReader(bytes)
  const type = reader.u8()
  const version = reader.u8()
  reader.u16()
  const transaction = reader.bytes(HELLO_TRANSACTION_BYTES).slice()
  const asker = Address.fromBytes(reader.bytes(ADDRESS_BYTES))
  const path = reader.bytes(reader.u8())
  if (!reader.ok) return new Malformed('hello: cut short')
  if (type !== DATAGRAM_HELLO || version !== VERSION) return new Malformed('hello: unknown version')
  if (path.length > PATH_LENGTH_MAX) return new Malformed('hello: path too long')
  if (path.length === 0) return { transaction, asker }
  return { transaction, asker, path: String.fromCharCode(...path) }
}

/**
 * Returns the bytes of a reply of at most `bytesMax`, with as many endpoints as fit; Malformed when not even the
 * record fits.
 */
export function encodeHelloReply(
  reply: HelloReplyMessage,
  bytesMax: number,
): Uint8Array | Malformed {
  const fixed = 12 + transportAddressBytes(reply.observed) + 2 + reply.record.length + 1
  if (fixed > bytesMax) return new Malformed('hello reply: record does not fit')
  const endpoints: TransportAddress[] = []
  let length = fixed
  for (const endpoint of reply.endpoints) {
    length += transportAddressBytes(endpoint)
    if (length > bytesMax || endpoints.length === HINT_ENDPOINTS_MAX) break
    endpoints.push(endpoint)
  }
  const writer = new ByteWriter(bytesMax)
  writer.u8(DATAGRAM_HELLO_REPLY).u8(VERSION).u8(reply.status).u8(0).bytes(reply.transaction)
  writeTransportAddress(writer, reply.observed)
  writer.u16(reply.record.length).bytes(reply.record)
  writeEndpoints(writer, endpoints)
  return writer.toBytes()
}

/** Reads a reply. `record` is a view of `bytes`. */
export function decodeHelloReply(bytes: Uint8Array): HelloReplyMessage | Malformed {
  const reader = new ByteReader(bytes)
  const type = reader.u8()
  const version = reader.u8()
  const status = reader.u8()
  reader.u8()
  const transaction = reader.bytes(HELLO_TRANSACTION_BYTES).slice()
  if (!reader.ok) return new Malformed('hello reply: cut short')
  if (type !== DATAGRAM_HELLO_REPLY || version !== VERSION) {
    return new Malformed('hello reply: unknown version')
  }
  const observed = readTransportAddress(reader)
  if (observed instanceof Malformed) return observed
  const record = reader.bytes(reader.u16())
  const endpoints = readEndpoints(reader)
  if (endpoints instanceof Malformed) return endpoints
  return { transaction, status, observed, record, endpoints }
}

/** Returns the transaction id of a hello or a reply as a map key, without reading the rest. */
export function helloTransactionKey(bytes: Uint8Array): string {
  return transactionKey(
    bytes.subarray(TRANSACTION_OFFSET, TRANSACTION_OFFSET + HELLO_TRANSACTION_BYTES),
  )
}

/** Returns a transaction id as a map key. */
export function transactionKey(transaction: Uint8Array): string {
  return String.fromCharCode(...transaction)
}

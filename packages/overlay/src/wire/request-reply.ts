/**
 * Request and reply bodies, the payload of overlay packets of kinds 1 and 2. Big-endian.
 *   request: offset 0, 4 bytes: id; offset 4: CBOR [method, arguments], the method a text, or a number where it has one
 *   reply:   offset 0, 4 bytes: id; offset 4, 1 byte: status (0 result, 1 error, 2 unreachable); offset 5: CBOR value
 * The value of an error is its text; an unreachable reply has none.
 */
import type { CborValue } from '@ipop/codec'
import { decodeCbor, encodeCbor, Malformed } from '@ipop/codec'

const OFFSET = { id: 0, requestBody: 4, status: 4, replyBody: 5 }

/** Methods that a ring calls all the time have numbers, from 1 on. */
const NUMBERED_METHODS = ['ring.exchange', 'ring.ping', 'ring.connect', 'ring.proxy']

const METHOD_NUMBERS = new Map(NUMBERED_METHODS.map((name, index) => [name, index + 1]))

/** How a request ended. */
export const ReplyStatus = { result: 0, error: 1, unreachable: 2 } as const
/** One of the reply statuses. */
export type ReplyStatus = (typeof ReplyStatus)[keyof typeof ReplyStatus]

/** A decoded request. */
export interface RequestBody {
  readonly id: number
  readonly method: string
  readonly args: CborValue
}

/** A decoded reply. */
export interface ReplyBody {
  readonly id: number
  readonly status: ReplyStatus
  readonly value: CborValue
}

/** Returns the bytes of a request. */
export function encodeRequest(request: RequestBody): Uint8Array {
  const body = encodeCbor([METHOD_NUMBERS.get(request.method) ?? request.method, request.args])
  return withId(request.id, OFFSET.requestBody, body)
}

/** Returns the request in `bytes`, or why it is none. */
export function decodeRequest(bytes: Uint8Array): RequestBody | Malformed {
  if (bytes.length <= OFFSET.requestBody) return new Malformed('request: too short')
  const body = decodeCbor(bytes.subarray(OFFSET.requestBody))
  if (body instanceof Malformed) return body
  if (!Array.isArray(body) || body.length !== 2)
    return new Malformed('request: not [method, arguments]')
  const method = typeof body[0] === 'number' ? NUMBERED_METHODS[body[0] - 1] : body[0]
  if (typeof method !== 'string') return new Malformed('request: no such method')
  return { id: readId(bytes), method, args: body[1] ?? null }
}

/** Returns only the id of a request, to refuse what cannot be delivered. */
export function requestId(bytes: Uint8Array): number | undefined {
  return bytes.length < OFFSET.requestBody ? undefined : readId(bytes)
}

/** Returns the bytes of a reply. */
export function encodeReply(reply: ReplyBody): Uint8Array {
  const body = reply.status === ReplyStatus.unreachable ? new Uint8Array() : encodeCbor(reply.value)
  const bytes = withId(reply.id, OFFSET.replyBody, body)
  bytes[OFFSET.status] = reply.status
  return bytes
}

/** Returns the reply in `bytes`, or why it is none. */
export function decodeReply(bytes: Uint8Array): ReplyBody | Malformed {
  if (bytes.length < OFFSET.replyBody) return new Malformed('reply: too short')
  const status = bytes[OFFSET.status] ?? 0
  if (status > ReplyStatus.unreachable) return new Malformed('reply: unknown status')
  if (status === ReplyStatus.unreachable)
    return { id: readId(bytes), status: ReplyStatus.unreachable, value: null }
  const value = decodeCbor(bytes.subarray(OFFSET.replyBody))
  if (value instanceof Malformed) return value
  return { id: readId(bytes), status: status as ReplyStatus, value }
}

function readId(bytes: Uint8Array): number {
  let id = 0
  for (let at = OFFSET.id; at < OFFSET.id + 4; at++) id = (id << 8) | (bytes[at] as number)
  return id >>> 0
}

function withId(id: number, headerBytes: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headerBytes + body.length)
  for (let i = 0; i < 4; i++) bytes[OFFSET.id + i] = id >>> (24 - 8 * i)
  bytes.set(body, headerBytes)
  return bytes
}

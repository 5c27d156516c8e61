/**
 * DNS message (RFC 1035 §4.1), big-endian.
 *   offset  size  field
 *        0     2  id
 *        2     2  QR(1) opcode(4) AA TC RD RA Z(3) rcode(4)
 *        4     2  questions
 *        6     2  answers
 *        8     2  authority records
 *       10     2  additional records
 *       12     n  question: name, type u16, class u16
 *                 answer: name, type u16, class u16, ttl u32, length u16, data
 * A name is labels of length u8 and text, closed by 0 or by a pointer (two bytes, top bits 11) to an earlier one.
 */
import { ByteWriter, Malformed } from '@ipop/codec'
import { DNS_NAME_BYTES_MAX, DNS_POINTERS_MAX } from '../limits.ts'

const HEADER_BYTES = 12
const FLAGS = 2
const QUESTIONS = 4

/** Record types this package answers. */
export const DNS_TYPE = { a: 1, ptr: 12, aaaa: 28, any: 255 } as const

/** Response codes (RFC 1035 §4.1.1). */
export const DNS_RCODE = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const

/** One response code. */
export type DnsRcode = (typeof DNS_RCODE)[keyof typeof DNS_RCODE]

/** A query; `question` is undefined when it is not one sound question. */
export interface DnsQueryMessage {
  readonly id: number
  readonly opcode: number
  readonly isRecursionDesired: boolean
  readonly question: DnsQuestion | undefined
}

/** What is asked. */
export interface DnsQuestion {
  /** Lower case, without the final dot. */
  readonly name: string
  readonly type: number
  readonly class: number
  /** The question section as it came, to be repeated in the response. */
  readonly bytes: Uint8Array
}

/** One answer record about the name that was asked for. */
export interface DnsAnswer {
  readonly type: number
  readonly ttlSeconds: number
  readonly data: Uint8Array
}

/** Reads a query. Responses and messages without a header are refused; they get no answer at all. */
export function decodeDnsQuery(bytes: Uint8Array): DnsQueryMessage | Malformed {
  if (bytes.length < HEADER_BYTES) return new Malformed('dns: shorter than a header')
  const flags = u16(bytes, FLAGS)
  if ((flags & 0x8000) !== 0) return new Malformed('dns: is a response')
  const question = u16(bytes, QUESTIONS) === 1 ? decodeQuestion(bytes) : undefined
  return {
    id: u16(bytes, 0),
    opcode: (flags >>> 11) & 15,
    isRecursionDesired: (flags & 0x100) !== 0,
    question: question instanceof Malformed ? undefined : question,
  }
}

/** Builds the response to `query`; `isAuthoritative` says that the answer is our own. */
export function encodeDnsResponse(
  query: DnsQueryMessage,
  rcode: DnsRcode,
  answers: readonly DnsAnswer[] = [],
  isAuthoritative = true,
): Uint8Array {
  const writer = new ByteWriter(64)
  // The original mirrors "recursion desired" into "recursion available"; resolvers warn when it is missing.
  const recursion = query.isRecursionDesired ? 0x0180 : 0
  const authoritative = isAuthoritative ? 0x0400 : 0
  writer.u16(query.id)
  writer.u16(0x8000 | (query.opcode << 11) | authoritative | recursion | rcode)
  writer.u16(query.question === undefined ? 0 : 1)
  writer.u16(answers.length)
  writer.u32(0)
  if (query.question !== undefined) writer.bytes(query.question.bytes)
  for (const answer of answers) {
    // A pointer to the name in the question, which always starts right after the header.
    writer.u16(0xc000 | HEADER_BYTES)
    writer.u16(answer.type)
    writer.u16(1)
    writer.u32(answer.ttlSeconds)
    writer.u16(answer.data.length)
    writer.bytes(answer.data)
  }
  return writer.toBytes()
}

/** Encodes a dotted name of letters, digits and hyphens. */
export function encodeDnsName(name: string): Uint8Array {
  const writer = new ByteWriter(name.length + 2)
  for (const label of name.split('.')) {
    const text = new TextEncoder().encode(label)
    writer.u8(text.length)
    writer.bytes(text)
  }
  writer.u8(0)
  return writer.toBytes()
}

function decodeQuestion(bytes: Uint8Array): DnsQuestion | Malformed {
  const name = decodeName(bytes, HEADER_BYTES)
  if (name instanceof Malformed) return name
  const end = name.end + 4
  if (end > bytes.length) return new Malformed('dns: question is cut off')
  return {
    name: name.text,
    type: u16(bytes, name.end),
    class: u16(bytes, name.end + 2),
    bytes: bytes.slice(HEADER_BYTES, end),
  }
}

/** Reads a name at `offset`; `end` is where the bytes after it start. */
export function decodeName(
  bytes: Uint8Array,
  offset: number,
): { readonly text: string; readonly end: number } | Malformed {
  const labels: string[] = []
  let at = offset
  let end: number | undefined
  let length = 1
  let pointers = 0
  for (;;) {
    const size = bytes[at]
    if (size === undefined) return new Malformed('dns: name is cut off')
    if (size === 0) return { text: labels.join('.'), end: end ?? at + 1 }
    if (size >>> 6 === 3) {
      pointers += 1
      const target = u16(bytes, at) & 0x3fff
      // Pointers lead backwards only, so that they cannot form a loop.
      if (pointers > DNS_POINTERS_MAX || target >= at) return new Malformed('dns: bad pointer')
      end ??= at + 2
      at = target
      continue
    }
    if (size > 63) return new Malformed('dns: label type')
    length += size + 1
    if (length > DNS_NAME_BYTES_MAX) return new Malformed('dns: name too long')
    if (at + 1 + size > bytes.length) return new Malformed('dns: label is cut off')
    labels.push(labelText(bytes.subarray(at + 1, at + 1 + size)))
    at += size + 1
  }
}

/** RFC 4343 §2.1: bytes that a dotted name cannot show are written as a backslash and three digits. */
function labelText(label: Uint8Array): string {
  let text = ''
  for (const byte of label) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c
    text += isPlain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`
  }
  return text.toLowerCase()
}

function u16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0)
}

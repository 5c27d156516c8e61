/**
 * Question and answer of nodes on one local network, big-endian, unauthenticated. See docs/wire/lan-discovery.md.
 *   offset  size  field
 *        0     4  "ipop"
 *        4     1  version: 1
 *        5     1  kind: 1 question, 2 answer
 *        6     2  UDP port of the sender, 0 = none
 *        8     2  TCP port of the sender, 0 = none
 *       10     8  nonce of the question
 *       18    16  tag of the namespace
 */
import { ByteReader, ByteWriter, equalBytes, Malformed } from '@ipop/codec'

const MAGIC = new TextEncoder().encode('ipop')
const VERSION = 1
const KINDS = { question: 1, answer: 2 } as const
const MESSAGE_BYTES = 34

/** Bytes of a nonce: nobody guesses it who did not hear the question. */
export const LAN_NONCE_BYTES = 8

/** Bytes of a namespace's tag. */
export const LAN_TAG_BYTES = 16

/** One message. */
export interface LanMessage {
  readonly kind: keyof typeof KINDS
  /** Where hellos are answered; 0 for no port of that kind. */
  readonly udpPort: number
  readonly tcpPort: number
  readonly nonce: Uint8Array
  readonly tag: Uint8Array
}

/** Returns the bytes of a message: questions and answers are equally long. */
export function encodeLanMessage({ kind, udpPort, tcpPort, nonce, tag }: LanMessage): Uint8Array {
  const writer = new ByteWriter(MESSAGE_BYTES)
  writer.bytes(MAGIC).u8(VERSION).u8(KINDS[kind]).u16(udpPort).u16(tcpPort)
  return writer.bytes(nonce).bytes(tag).toBytes()
}

/** Reads a message. */
export function decodeLanMessage(bytes: Uint8Array): LanMessage | Malformed {
  const reader = new ByteReader(bytes)
  const magic = reader.bytes(MAGIC.length)
  const [version, number] = [reader.u8(), reader.u8()]
  const [udpPort, tcpPort] = [reader.u16(), reader.u16()]
  const nonce = reader.bytes(LAN_NONCE_BYTES).slice()
  const tag = reader.bytes(LAN_TAG_BYTES).slice()
  if (!reader.ok) return new Malformed('lan: cut short')
  if (!equalBytes(magic, MAGIC) || version !== VERSION) return new Malformed('lan: not ours')
  if (number !== KINDS.question && number !== KINDS.answer)
    return new Malformed('lan: unknown kind')
  const kind = number === KINDS.question ? 'question' : 'answer'
  return { kind, udpPort, tcpPort, nonce, tag }
}

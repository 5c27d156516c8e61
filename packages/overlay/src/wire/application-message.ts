/**
 * Application message, the payload of overlay packets of kind 3.
 *   offset  size  field
 *        0     1  length n of the protocol name, 1 to 64
 *        1     n  protocol name, UTF-8
 *      1+n     -  the application's bytes
 */
import { Malformed } from '@ipop/codec'
import { PROTOCOL_NAME_MAX } from '../limits.ts'

const OFFSET = { nameLength: 0, name: 1 }

/** A decoded application message; `payload` is a view of the bytes it was read from. */
export interface ApplicationMessage {
  readonly protocol: string
  readonly payload: Uint8Array
}

/** Returns the bytes of a message; throws where the protocol name is empty or longer than 64 bytes. */
export function encodeApplicationMessage(message: ApplicationMessage): Uint8Array {
  const name = new TextEncoder().encode(message.protocol)
  if (name.length === 0 || name.length > PROTOCOL_NAME_MAX)
    throw new RangeError(`a protocol name has 1 to ${PROTOCOL_NAME_MAX} bytes, not ${name.length}`)
  const bytes = new Uint8Array(OFFSET.name + name.length + message.payload.length)
  bytes[OFFSET.nameLength] = name.length
  bytes.set(name, OFFSET.name)
  bytes.set(message.payload, OFFSET.name + name.length)
  return bytes
}

/** Returns the message in `bytes`, or why it is none. */
export function decodeApplicationMessage(bytes: Uint8Array): ApplicationMessage | Malformed {
  const length = bytes[OFFSET.nameLength] ?? 0
  if (length === 0 || length > PROTOCOL_NAME_MAX || bytes.length < OFFSET.name + length)
    return new Malformed('application message: bad protocol name')
  const end = OFFSET.name + length
  return {
    protocol: new TextDecoder().decode(bytes.subarray(OFFSET.name, end)),
    payload: bytes.subarray(end),
  }
}

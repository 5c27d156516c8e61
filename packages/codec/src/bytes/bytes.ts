/** Small helpers on byte arrays: hex, equality, joining. */

/** V8 keeps arrays up to this size within its heap. */
const SHORT_BYTES = 64

/** Returns `bytes` as lower-case hexadecimal text. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** Returns the text with one character per byte, for keys of maps. */
export function latin1Of(bytes: Uint8Array): string {
  // The engine keeps short arrays within its heap until somebody asks for their buffer.
  if (bytes.length <= SHORT_BYTES) return String.fromCharCode.apply(null, bytes as never)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Returns the bytes that hexadecimal `text` (either case, white space ignored) stands for; throws on anything else. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '')
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw new RangeError('not hexadecimal')
  }
  return new Uint8Array(Buffer.from(digits, 'hex'))
}

/** Returns whether both arrays hold the same bytes. Not in constant time: never use it on secrets. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false
  return true
}

/** Returns a new array that holds all `parts` one after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

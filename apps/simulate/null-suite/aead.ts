/** Stands in for the AEADs in large simulations: nothing is hidden, but a wrong key, nonce or byte is still noticed. */

/** Bytes in a key. */
export const AEAD_KEY_BYTES = 32

/** Bytes in a nonce. */
export const AEAD_NONCE_BYTES = 12

/** Bytes in a tag. */
export const AEAD_TAG_BYTES = 16

/** An AEAD by the name node:crypto has for it. */
export type AeadName = 'chacha20-poly1305' | 'aes-256-gcm'

Object.assign(globalThis, { ipopCipherSuite: 'null' })

/** Copies `plaintext` into `out` at `offset`, and a checksum of all that went in. */
export function sealInto(
  _name: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  out: Uint8Array,
  offset: number,
): void {
  out.set(plaintext, offset)
  out.set(checksum(key, nonce, aad, plaintext), offset + plaintext.length)
}

/** Returns `plaintext` and its checksum. */
export function seal(
  name: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const out = new Uint8Array(plaintext.length + AEAD_TAG_BYTES)
  sealInto(name, key, nonce, aad, plaintext, out, 0)
  return out
}

/** Returns the plaintext of `sealed`, or undefined where the checksum is another. */
export function open(
  _name: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const length = sealed.length - AEAD_TAG_BYTES
  if (length < 0) return undefined
  const plaintext = sealed.slice(0, length)
  const expected = checksum(key, nonce, aad, plaintext)
  for (let at = 0; at < AEAD_TAG_BYTES; at++)
    if (sealed[length + at] !== expected[at]) return undefined
  return plaintext
}

const tag = new Uint8Array(AEAD_TAG_BYTES)
const words = new Uint32Array(tag.buffer)

/** The result is valid until the next call. */
function checksum(...parts: readonly Uint8Array[]): Uint8Array {
  let low = 0x811c9dc5
  let high = 0x01000193
  for (const part of parts) {
    for (let at = 0; at < part.length; at++) {
      low = Math.imul(low ^ (part[at] as number), 0x01000193)
      high = Math.imul(high + (part[at] as number), 0x85ebca6b) ^ (high >>> 13)
    }
    low ^= part.length
  }
  words.set([low, high, low ^ high, Math.imul(low, high | 1)])
  return tag
}

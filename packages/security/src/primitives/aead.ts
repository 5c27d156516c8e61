/** The two AEADs of transport data and the one of the handshake, over node:crypto. */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { CipherGCM, DecipherGCM } from 'node:crypto'
import { plainBytes } from './bytes.ts'

/** Bytes in a key. */
export const AEAD_KEY_BYTES = 32

/** Bytes in a nonce. */
export const AEAD_NONCE_BYTES = 12

/** Bytes in a tag. */
export const AEAD_TAG_BYTES = 16

/** An AEAD by the name node:crypto has for it. */
export type AeadName = 'chacha20-poly1305' | 'aes-256-gcm'

const TAG_OPTIONS = { authTagLength: AEAD_TAG_BYTES }
const NOTHING = new Uint8Array(0)

/** Encrypts `plaintext` into `out` at `offset`: ciphertext, then tag. `out` must have room for both. */
export function sealInto(
  name: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  out: Uint8Array,
  offset: number,
): void {
  const cipher = createCipheriv(name as 'aes-256-gcm', key, nonce, TAG_OPTIONS) as CipherGCM
  if (aad.length > 0) cipher.setAAD(aad)
  if (plaintext.length > 0) out.set(cipher.update(plaintext), offset)
  cipher.final()
  out.set(cipher.getAuthTag(), offset + plaintext.length)
}

/** Returns ciphertext and tag of `plaintext`. */
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

/** Returns the plaintext of `sealed` (ciphertext, then tag), or undefined where it is not authentic. */
export function open(
  name: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const length = sealed.length - AEAD_TAG_BYTES
  if (length < 0) return undefined
  const cipher = createDecipheriv(name as 'aes-256-gcm', key, nonce, TAG_OPTIONS) as DecipherGCM
  cipher.setAuthTag(sealed.subarray(length))
  if (aad.length > 0) cipher.setAAD(aad)
  const plaintext = length > 0 ? plainBytes(cipher.update(sealed.subarray(0, length))) : NOTHING
  try {
    cipher.final()
    return plaintext
  } catch {
    plaintext.fill(0)
    return undefined
  }
}

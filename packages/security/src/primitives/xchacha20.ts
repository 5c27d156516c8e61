/** XChaCha20-Poly1305, which carries the cookie of a cookie reply. */
import { createCipheriv } from 'node:crypto'
import { open, seal } from './aead.ts'

/** Bytes in an extended nonce. */
export const XCHACHA_NONCE_BYTES = 24

const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const

/** Returns HChaCha20(key, first 16 bytes of nonce), the key that XChaCha20 uses. */
export function hchacha20(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  // ChaCha20's block is its permuted state plus its initial state; HChaCha20 is the first and last
  // rows of the permuted state alone. So: take a block of key stream and subtract those rows.
  const block = createCipheriv('chacha20', key, nonce.subarray(0, 16)).update(new Uint8Array(64))
  const words = new DataView(block.buffer, block.byteOffset, 64)
  const input = new DataView(nonce.buffer, nonce.byteOffset, 16)
  const out = new Uint8Array(32)
  const result = new DataView(out.buffer)
  SIGMA.forEach((constant, i) => {
    result.setUint32(4 * i, words.getUint32(4 * i, true) - constant, true)
    const last = words.getUint32(48 + 4 * i, true) - input.getUint32(4 * i, true)
    result.setUint32(16 + 4 * i, last, true)
  })
  return out
}

/** Returns ciphertext and tag of `plaintext` under a 24-byte nonce. */
export function sealX(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  return seal('chacha20-poly1305', hchacha20(key, nonce), innerNonce(nonce), aad, plaintext)
}

/** Returns the plaintext of `sealed`, or undefined where it is not authentic. */
export function openX(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  return open('chacha20-poly1305', hchacha20(key, nonce), innerNonce(nonce), aad, sealed)
}

function innerNonce(nonce: Uint8Array): Uint8Array {
  const inner = new Uint8Array(12)
  inner.set(nonce.subarray(16, 24), 4)
  return inner
}

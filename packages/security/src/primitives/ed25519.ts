/** Ed25519 on raw 32-byte keys. */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { copyBytes } from './bytes.ts'

/** Bytes in a seed and in a public key. */
export const ED25519_KEY_BYTES = 32

/** Bytes in a signature. */
export const ED25519_SIGNATURE_BYTES = 64

/** A signing key ready for repeated use. */
export class Ed25519PrivateKey {
  readonly publicKey: Uint8Array
  readonly #key: KeyObject

  private constructor(key: KeyObject) {
    this.#key = key
    this.publicKey = copyBytes(Buffer.from(String(key.export({ format: 'jwk' }).x), 'base64url'))
  }

  /** Returns the key for a 32-byte seed. */
  static fromSeed(seed: Uint8Array): Ed25519PrivateKey {
    if (seed.length !== ED25519_KEY_BYTES) throw new RangeError('Ed25519 seed length')
    const d = Buffer.from(seed).toString('base64url')
    return new Ed25519PrivateKey(
      createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', d, x: 'AAAA' } }),
    )
  }

  /** Returns the 64-byte signature of `message`. */
  sign(message: Uint8Array): Uint8Array {
    return copyBytes(sign(null, message, this.#key))
  }
}

/** Returns whether `signature` is `publicKey`'s signature of `message`. Accepts any bytes. */
export function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== ED25519_KEY_BYTES) return false
  if (signature.length !== ED25519_SIGNATURE_BYTES) return false
  try {
    const x = Buffer.from(publicKey).toString('base64url')
    const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } })
    return verify(null, message, key, signature)
  } catch {
    return false
  }
}

/** Stands in for Ed25519 in large simulations: whoever has the public key could sign, but altered bytes are noticed. */
import { createHash } from 'node:crypto'

/** Bytes in a seed and in a public key. */
export const ED25519_KEY_BYTES = 32

/** Bytes in a signature. */
export const ED25519_SIGNATURE_BYTES = 64

/** A signing key. */
export class Ed25519PrivateKey {
  readonly publicKey: Uint8Array

  private constructor(publicKey: Uint8Array) {
    this.publicKey = publicKey
  }

  /** Returns the key for a 32-byte seed. */
  static fromSeed(seed: Uint8Array): Ed25519PrivateKey {
    if (seed.length !== ED25519_KEY_BYTES) throw new RangeError('Ed25519 seed length')
    return new Ed25519PrivateKey(new Uint8Array(createHash('sha256').update(seed).digest()))
  }

  /** Returns the 64-byte signature of `message`. */
  sign(message: Uint8Array): Uint8Array {
    return signature(this.publicKey, message)
  }
}

/** Returns whether `given` is `publicKey`'s signature of `message`. Accepts any bytes. */
export function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  given: Uint8Array,
): boolean {
  if (publicKey.length !== ED25519_KEY_BYTES) return false
  return Buffer.compare(signature(publicKey, message), given) === 0
}

function signature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha512').update(publicKey).update(message).digest())
}

/** X25519 on raw 32-byte keys. */
import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { copyBytes } from './bytes.ts'

/** Bytes in a key and in a shared secret. */
export const X25519_BYTES = 32

/** A key pair in raw form. */
export interface X25519KeyPair {
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
}

/** A private key ready for repeated use. */
export class X25519PrivateKey {
  readonly publicKey: Uint8Array
  readonly #key: KeyObject

  private constructor(key: KeyObject) {
    this.#key = key
    this.publicKey = copyBytes(Buffer.from(String(key.export({ format: 'jwk' }).x), 'base64url'))
  }

  /** Returns the key for 32 raw bytes (clamped by the algorithm). */
  static fromBytes(bytes: Uint8Array): X25519PrivateKey {
    if (bytes.length !== X25519_BYTES) throw new RangeError('X25519 private key length')
    // A JWK is imported several times faster than DER; the public part is recomputed, whatever `x` says.
    const d = encodeBase64Url(bytes)
    return new X25519PrivateKey(
      createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', d, x: 'AAAA' } }),
    )
  }

  /** Returns a new key, of which no copy stays behind in raw form. */
  static create(random: { bytes(length: number): Uint8Array }): X25519PrivateKey {
    const bytes = random.bytes(X25519_BYTES)
    const key = X25519PrivateKey.fromBytes(bytes)
    bytes.fill(0)
    return key
  }

  /** Returns the shared secret, or undefined where the peer's point has low order (the result would be zero). */
  sharedSecret(publicKey: X25519PublicKey): Uint8Array | undefined {
    try {
      const secret = diffieHellman({ privateKey: this.#key, publicKey: publicKey.key })
      return isZero(secret) ? undefined : secret
    } catch {
      // OpenSSL refuses an all-zero result by failing the derivation.
      return undefined
    }
  }
}

/** A public key ready for repeated use. */
export class X25519PublicKey {
  readonly bytes: Uint8Array
  /** The key as node:crypto takes it. */
  readonly key: KeyObject

  private constructor(bytes: Uint8Array, key: KeyObject) {
    this.bytes = bytes
    this.key = key
  }

  /** Returns the key for 32 raw bytes, which are copied. */
  static fromBytes(bytes: Uint8Array): X25519PublicKey {
    if (bytes.length !== X25519_BYTES) throw new RangeError('X25519 public key length')
    const x = encodeBase64Url(bytes)
    const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x } })
    return new X25519PublicKey(copyBytes(bytes), key)
  }
}

function encodeBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

function isZero(bytes: Uint8Array): boolean {
  let sum = 0
  for (const byte of bytes) sum |= byte
  return sum === 0
}

/** Stands in for X25519 in large simulations: both ends get the same secret, and nobody is kept from it. */
import { createHash } from 'node:crypto'

/** Bytes in a key and in a shared secret. */
export const X25519_BYTES = 32

/** A key pair in raw form. */
export interface X25519KeyPair {
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
}

/** A private key. */
export class X25519PrivateKey {
  readonly publicKey: Uint8Array

  private constructor(publicKey: Uint8Array) {
    this.publicKey = publicKey
  }

  /** Returns the key for 32 raw bytes. */
  static fromBytes(bytes: Uint8Array): X25519PrivateKey {
    if (bytes.length !== X25519_BYTES) throw new RangeError('X25519 private key length')
    return new X25519PrivateKey(digest([bytes]))
  }

  /** Returns a new key. */
  static create(random: { bytes(length: number): Uint8Array }): X25519PrivateKey {
    return X25519PrivateKey.fromBytes(random.bytes(X25519_BYTES))
  }

  /** Returns the shared secret: the same for both ends, another for every other pair. */
  sharedSecret({ bytes }: X25519PublicKey): Uint8Array | undefined {
    const isFirst = Buffer.compare(this.publicKey, bytes) < 0
    return digest(isFirst ? [this.publicKey, bytes] : [bytes, this.publicKey])
  }
}

/** A public key. */
export class X25519PublicKey {
  readonly bytes: Uint8Array

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Returns the key for 32 raw bytes, which are copied. */
  static fromBytes(bytes: Uint8Array): X25519PublicKey {
    if (bytes.length !== X25519_BYTES) throw new RangeError('X25519 public key length')
    return new X25519PublicKey(new Uint8Array(bytes))
  }
}

function digest(parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** A node's own identity: its keys, its address, and the records it signs. */
import type { Address } from '@ipop/address'
import type { Random } from '@ipop/runtime'
import { Ed25519PrivateKey } from '../primitives/ed25519.ts'
import { X25519PrivateKey } from '../primitives/x25519.ts'
import type { X25519KeyPair } from '../primitives/x25519.ts'
import { nodeRecordMessage } from '../wire/node-record.ts'
import type { NodeRecord } from '../wire/node-record.ts'
import { ADDRESS_NONCE_BYTES, addressFromIdentity } from './identity-address.ts'
import { verifiedRecords } from './verified-signatures.ts'
import { copyBytes } from '../primitives/bytes.ts'

/** Everything that must be kept to be the same node again. */
export interface IdentitySecret {
  /** Seed of the Ed25519 identity key, 32 bytes. */
  readonly identitySeed: Uint8Array
  /** X25519 session key, 32 bytes. */
  readonly sessionPrivateKey: Uint8Array
  /** Nonce of the address, 16 bytes; zero in an open overlay. */
  readonly nonce: Uint8Array
}

/** The keys and the address of one node. */
export class Identity {
  readonly secret: IdentitySecret
  readonly address: Address
  /** The session key, ready for handshakes. */
  readonly sessionKey: X25519PrivateKey
  /** The group's permission, which goes into every record; set it before the first use. */
  certificate: Uint8Array | undefined
  readonly #identityKey: Ed25519PrivateKey

  private constructor(secret: IdentitySecret) {
    this.secret = secret
    this.#identityKey = Ed25519PrivateKey.fromSeed(secret.identitySeed)
    this.sessionKey = X25519PrivateKey.fromBytes(secret.sessionPrivateKey)
    this.address = addressFromIdentity(this.#identityKey.publicKey, secret.nonce)
  }

  /** Returns a new identity for an open overlay. */
  static create(random: Random): Identity {
    return Identity.fromSecret({
      identitySeed: random.bytes(32),
      sessionPrivateKey: random.bytes(32),
      nonce: new Uint8Array(ADDRESS_NONCE_BYTES),
    })
  }

  /** Returns the identity kept as `secret`, whose bytes are copied. */
  static fromSecret(secret: IdentitySecret): Identity {
    return new Identity({
      identitySeed: copyBytes(secret.identitySeed),
      sessionPrivateKey: copyBytes(secret.sessionPrivateKey),
      nonce: copyBytes(secret.nonce),
    })
  }

  /** The Ed25519 identity key. */
  get publicKey(): Uint8Array {
    return this.#identityKey.publicKey
  }

  /** The X25519 session key pair in raw form. */
  get sessionKeys(): X25519KeyPair {
    return { publicKey: this.sessionKey.publicKey, privateKey: this.secret.sessionPrivateKey }
  }

  /** Returns the identity key's signature of `message`. */
  sign(message: Uint8Array): Uint8Array {
    return this.#identityKey.sign(message)
  }

  /** Returns a fresh record of this node, valid until `expiresAtMs` of wall time. */
  record(expiresAtMs: number): NodeRecord {
    const fields = {
      identityKey: this.publicKey,
      sessionKey: this.sessionKey.publicKey,
      nonce: this.secret.nonce,
      expiresAtMs: Math.floor(expiresAtMs),
      ...(this.certificate === undefined ? {} : { certificate: this.certificate }),
    }
    return { ...fields, signature: this.sign(nodeRecordMessage(fields)), address: this.address }
  }
}

/** Returns whether `record` is signed by its own identity key and has not expired. */
export function verifyNodeRecord(record: NodeRecord, wallTimeMs: number): boolean {
  if (record.expiresAtMs <= wallTimeMs) return false
  return verifiedRecords.verify(record.identityKey, nodeRecordMessage(record), record.signature)
}

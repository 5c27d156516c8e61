/** Membership of a group: an authority chooses a node's address nonce and signs who it belongs to. */
import { Malformed } from '@ipop/codec'
import type { Random } from '@ipop/runtime'
import { ADDRESS_NONCE_BYTES } from '../identity/identity-address.ts'
import type { NodeRecord } from '../wire/node-record.ts'
import { Ed25519PrivateKey, verifySignature } from '../primitives/ed25519.ts'
import {
  decodeGroupCertificate,
  encodeGroupCertificate,
  groupCertificateMessage,
} from '../wire/group-certificate.ts'
import type { GroupCertificate } from '../wire/group-certificate.ts'

/** What an authority gives to a new member. */
export interface GroupMembership {
  /** The nonce of the member's address; it goes into IdentitySecret. */
  readonly nonce: Uint8Array
  /** The wire form of the certificate; it goes into Identity.certificate. */
  readonly certificate: Uint8Array
}

/** Signs the members of one group. */
export class GroupAuthority {
  readonly #key: Ed25519PrivateKey

  private constructor(key: Ed25519PrivateKey) {
    this.#key = key
  }

  /** Returns the authority whose key has this 32-byte seed. */
  static fromSeed(seed: Uint8Array): GroupAuthority {
    return new GroupAuthority(Ed25519PrivateKey.fromSeed(seed))
  }

  /** The key by which members know the group. */
  get publicKey(): Uint8Array {
    return this.#key.publicKey
  }

  /** Returns a membership for the owner of `identityKey`, with a nonce that nobody could choose. */
  issue(
    member: {
      readonly identityKey: Uint8Array
      readonly subject: string
      readonly expiresAtMs: number
    },
    random: Random,
  ): GroupMembership {
    const { identityKey, subject } = member
    const nonce = random.bytes(ADDRESS_NONCE_BYTES)
    const fields = { subject, expiresAtMs: Math.floor(member.expiresAtMs) }
    const message = groupCertificateMessage(fields, identityKey, nonce)
    const certificate = encodeGroupCertificate({ ...fields, signature: this.#key.sign(message) })
    return { nonce, certificate }
  }
}

/** Returns the certificate in `record` where the group of `groupKey` issued it to this identity and it has not expired. */
export function verifyMembership(
  record: NodeRecord,
  groupKey: Uint8Array,
  wallTimeMs: number,
): GroupCertificate | Malformed {
  if (record.certificate === undefined) return new Malformed('no certificate')
  const certificate = decodeGroupCertificate(record.certificate)
  if (certificate instanceof Malformed) return certificate
  if (certificate.expiresAtMs <= wallTimeMs) return new Malformed('certificate expired')
  const message = groupCertificateMessage(certificate, record.identityKey, record.nonce)
  return verifySignature(groupKey, message, certificate.signature)
    ? certificate
    : new Malformed('certificate of another group or member')
}

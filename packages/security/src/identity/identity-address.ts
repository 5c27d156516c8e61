/** How an identity key determines a ring address. */
import { hash } from 'node:crypto'
import { Address } from '@ipop/address'
import { concatBytes } from '@ipop/codec'

/** Bytes of the nonce that goes into an address. */
export const ADDRESS_NONCE_BYTES = 16

const LABEL = new TextEncoder().encode('ipop-address-v1')

/** Returns the address of `identityKey` with `nonce`: the first 20 bytes of SHA-256(label, nonce, key), class 0. */
export function addressFromIdentity(identityKey: Uint8Array, nonce: Uint8Array): Address {
  const digest = hash('sha256', concatBytes(LABEL, nonce, identityKey), 'buffer')
  const bytes = Uint8Array.from(digest.subarray(0, 20))
  bytes[19] = (bytes[19] ?? 0) & 0xfe
  return Address.fromBytes(bytes)
}

/** Where the replicas of a key live. */
import { createHash } from 'node:crypto'
import { Address, ADDRESS_BYTES, offset } from '@ipop/address'
import { REPLICAS } from '../limits.ts'

/** Bytes of a key hash. */
export const KEY_HASH_BYTES = 32

/** Returns the hash that stands for `key` everywhere below the facade; text is hashed as UTF-8. */
export function hashKey(key: Uint8Array | string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(key).digest())
}

/** Returns the eight replica positions of a key: its hash with the class bit cleared, and every eighth of the ring on. */
export function replicaPositions(keyHash: Uint8Array): readonly Address[] {
  const bytes = keyHash.slice(0, ADDRESS_BYTES)
  bytes[ADDRESS_BYTES - 1] = (bytes[ADDRESS_BYTES - 1] ?? 0) & 0xfe
  const first = Address.fromBytes(bytes)
  return Array.from({ length: REPLICAS }, (_, i) => offset(first, i, REPLICAS))
}

/** BLAKE2s-256: hash, keyed MAC, HMAC and the HKDF of Noise. */
import { hash, createHmac } from 'node:crypto'
import { keyedBlake2s } from './keyed-blake2s.ts'

/** Bytes in a BLAKE2s hash. */
export const HASH_BYTES = 32

/** Returns the BLAKE2s-256 hash of `data`. */
export function hashBlake2s(data: Uint8Array): Uint8Array {
  return hash('blake2s256', data, 'buffer')
}

/** Returns BLAKE2s(left || right). */
export function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  const joined = new Uint8Array(left.length + right.length)
  joined.set(left)
  joined.set(right, left.length)
  return hashBlake2s(joined)
}

/** Returns the keyed BLAKE2s MAC of `data`, `length` bytes long. */
export function macBlake2s(key: Uint8Array, data: Uint8Array, length: number): Uint8Array {
  return keyedBlake2s(key, data, length)
}

/** Returns HMAC-BLAKE2s-256. */
export function hmacBlake2s(key: Uint8Array, data: Uint8Array): Uint8Array {
  return createHmac('blake2s256', key).update(data).digest()
}

/** Returns the first `outputs` values of Noise's HKDF(chainingKey, input). */
export function hkdfBlake2s(
  chainingKey: Uint8Array,
  input: Uint8Array,
  outputs: 1 | 2 | 3,
): Uint8Array[] {
  const secret = hmacBlake2s(chainingKey, input)
  const results: Uint8Array[] = []
  let previous: Uint8Array = new Uint8Array(0)
  for (let count = 1; count <= outputs; count++) {
    const block = new Uint8Array(previous.length + 1)
    block.set(previous)
    block[previous.length] = count
    previous = hmacBlake2s(secret, block)
    results.push(previous)
    block.fill(0)
  }
  secret.fill(0)
  return results
}

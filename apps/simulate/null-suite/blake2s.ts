/** Stands in for BLAKE2s in large simulations: other input gives other output, and nobody is kept from finding it. */

/** Bytes in a hash. */
export const HASH_BYTES = 32

/** Returns a hash of `data`. */
export function hashBlake2s(data: Uint8Array): Uint8Array {
  return digest(HASH_BYTES, data)
}

/** Returns the hash of both parts. */
export function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return digest(HASH_BYTES, left, right)
}

/** Returns a checksum of `data` that differs with `key`, `length` bytes long. */
export function macBlake2s(key: Uint8Array, data: Uint8Array, length: number): Uint8Array {
  return digest(length, key, data)
}

/** Returns a checksum of `data` that differs with `key`. */
export function hmacBlake2s(key: Uint8Array, data: Uint8Array): Uint8Array {
  return digest(HASH_BYTES, key, data)
}

/** Returns `outputs` different values that follow from the chaining key and the input. */
export function hkdfBlake2s(
  chainingKey: Uint8Array,
  input: Uint8Array,
  outputs: 1 | 2 | 3,
): Uint8Array[] {
  const all = digest(outputs * HASH_BYTES, chainingKey, input)
  const parts: Uint8Array[] = []
  for (let at = 0; at < all.length; at += HASH_BYTES) parts.push(all.slice(at, at + HASH_BYTES))
  return parts
}

/** Two 32-bit checksums over all parts, drawn out to `length` bytes. */
function digest(length: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let low = 0x811c9dc5
  let high = 0x01000193
  for (const part of parts) {
    for (let at = 0; at < part.length; at++) {
      low = Math.imul(low ^ (part[at] as number), 0x01000193)
      high = Math.imul(high + (part[at] as number), 0x85ebca6b) ^ (high >>> 13)
    }
    low = Math.imul(low ^ part.length, 0x9e3779b1)
  }
  const out = new Uint8Array(length)
  let word = 0
  for (let at = 0; at < length; at++) {
    if (at % 4 === 0) word = drawn(low, (high = (high + 0x9e3779b9) | 0))
    out[at] = word >>> (8 * (at % 4))
  }
  return out
}

function drawn(low: number, high: number): number {
  let word = low ^ Math.imul(high ^ (high >>> 16), 0x7feb352d)
  word = Math.imul(word ^ (word >>> 15), 0x846ca68b)
  return word ^ (word >>> 16)
}

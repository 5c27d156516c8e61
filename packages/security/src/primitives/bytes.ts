/** Copies and views that mean the same for Buffer and Uint8Array. */

/** Returns a copy. (`Buffer.slice` does not copy, so `bytes.slice()` must not be used on what may be a Buffer.) */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

/** Returns a plain view of a Buffer's bytes, so that no caller meets Buffer's own methods. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

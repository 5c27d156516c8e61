/** Byte reader and writer, strict deterministic CBOR, base32. */

export {}

/** Bytes as this project writes them: reader and writer, strict deterministic CBOR, base32, hex. */
export * from './base32/base32.ts'
export * from './bytes/byte-reader.ts'
export * from './bytes/byte-writer.ts'
export * from './bytes/bytes.ts'
export * from './bytes/decode-cache.ts'
export * from './cbor/cbor.ts'
export * from './limits.ts'
export * from './malformed.ts'

/** The first bytes of CBOR items (RFC 8949 section 3.1). */

/** The type in the upper three bits. */
export const MAJOR_UNSIGNED = 0
export const MAJOR_NEGATIVE = 1
export const MAJOR_BYTES = 2
export const MAJOR_TEXT = 3
export const MAJOR_ARRAY = 4
export const MAJOR_MAP = 5

/** Whole bytes of simple values. */
export const FALSE = 0xf4
export const TRUE = 0xf5
export const NULL = 0xf6

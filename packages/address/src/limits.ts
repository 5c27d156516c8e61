/** Sizes of this package and why they have the values they have. */

/** Bytes of an address: the original's 160 bits, kept so that its text form keeps its 32 letters. */
export const ADDRESS_BYTES = 20

/** Longest address text looked at: `urn:brunet:node:`, 32 letters and padding that base32 writers may add. */
export const ADDRESS_TEXT_MAX = 64

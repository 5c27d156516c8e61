/** Caps of this package and why they have the values they have. */

/** Deepest nesting accepted in CBOR: messages here nest four levels, and recursion must stay bounded. */
export const CBOR_DEPTH_MAX = 16

/** Most data items accepted in one CBOR message: a crawl page has a few thousand, a hostile message has a million empty ones. */
export const CBOR_ITEMS_MAX = 65_536

/** Most zero bytes handed out by a reader that ran out of input: no datagram field is longer, and a peer chooses the number. */
export const ZERO_FILL_BYTES_MAX = 65_535

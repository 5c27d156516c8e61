/** Identities, node records, the Noise handshake, sessions. */

export {}

/** What does the sealing and opening under one pair of keys: this package, or a data plane elsewhere. */
import type { TransportKeyParts } from './transport-key.ts'

/** A pair of keys with their counters and replay window. */
export interface TransportCipher {
  /** Datagrams sealed so far; need not be newer than a second. */
  readonly sentCount: number
  /** Authentic datagrams opened so far. */
  readonly receivedCount: number
  /** Returns the datagram that carries `plaintext`; undefined where the key is used up. */
  seal(plaintext: Uint8Array): Uint8Array | undefined
  /** Returns the plaintext of `datagram`; undefined where it is not authentic, late or repeated. */
  open(datagram: Uint8Array): Uint8Array | undefined
  /** Makes these keys the ones that seal what does not come through here. */
  use(): void
  /** Forgets the keys. */
  erase(): void
}

/** Makes ciphers that do their work elsewhere. */
export interface TransportCipherFactory {
  /** Returns a cipher for the keys in `parts`; undefined leaves them to this package. */
  create(parts: TransportKeyParts): TransportCipher | undefined
}

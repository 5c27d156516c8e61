/** Noise's SymmetricState (revision 34, section 5.2) for ChaChaPoly and BLAKE2s. */
import { open, seal } from '../primitives/aead.ts'
import { HASH_BYTES, hashBlake2s, hashPair, hkdfBlake2s } from '../primitives/blake2s.ts'
import { copyBytes } from '../primitives/bytes.ts'

const EMPTY = new Uint8Array(0)

/** The chaining key, transcript hash and cipher key of a handshake under way. */
export class SymmetricState {
  #chainingKey: Uint8Array
  #hash: Uint8Array
  #key: Uint8Array | undefined
  #nonce = 0

  private constructor(chainingKey: Uint8Array, hash: Uint8Array) {
    this.#chainingKey = chainingKey
    this.#hash = hash
  }

  /** Returns the state that every handshake of `protocolName` with `prologue` starts from. */
  static initialize(protocolName: string, prologue: Uint8Array): SymmetricState {
    const name = new TextEncoder().encode(protocolName)
    const start = name.length <= HASH_BYTES ? padToHash(name) : hashBlake2s(name)
    return new SymmetricState(copyBytes(start), hashPair(start, prologue))
  }

  /** The transcript hash. */
  get hash(): Uint8Array {
    return this.#hash
  }

  /** Returns an independent copy, on which a message can be tried. */
  clone(): SymmetricState {
    const copy = new SymmetricState(copyBytes(this.#chainingKey), copyBytes(this.#hash))
    if (this.#key !== undefined) copy.#key = copyBytes(this.#key)
    copy.#nonce = this.#nonce
    return copy
  }

  /** Adds `data` to the transcript. */
  mixHash(data: Uint8Array): void {
    this.#hash = hashPair(this.#hash, data)
  }

  /** Adds secret `input` to the chaining key and derives a cipher key. */
  mixKey(input: Uint8Array): void {
    const [chainingKey, key] = hkdfBlake2s(this.#chainingKey, input, 2) as [Uint8Array, Uint8Array]
    this.#replaceKeys(chainingKey, key)
  }

  /** Adds a pre-shared key to chaining key and transcript and derives a cipher key. */
  mixKeyAndHash(input: Uint8Array): void {
    const [chainingKey, forHash, key] = hkdfBlake2s(this.#chainingKey, input, 3) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    this.mixHash(forHash)
    this.#replaceKeys(chainingKey, key)
  }

  /** Returns `plaintext` encrypted (in the clear before the first key) and adds the result to the transcript. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    if (this.#key === undefined) {
      this.mixHash(plaintext)
      return plaintext
    }
    const sealed = seal('chacha20-poly1305', this.#key, this.#takeNonce(), this.#hash, plaintext)
    this.mixHash(sealed)
    return sealed
  }

  /** Returns the plaintext of `sealed`, or undefined where it is not authentic; adds `sealed` to the transcript. */
  decryptAndHash(sealed: Uint8Array): Uint8Array | undefined {
    if (this.#key === undefined) {
      this.mixHash(sealed)
      return sealed
    }
    const plaintext = open('chacha20-poly1305', this.#key, this.#takeNonce(), this.#hash, sealed)
    if (plaintext !== undefined) this.mixHash(sealed)
    return plaintext
  }

  /** Returns the two transport keys: initiator to responder, responder to initiator. */
  split(): [Uint8Array, Uint8Array] {
    return hkdfBlake2s(this.#chainingKey, EMPTY, 2) as [Uint8Array, Uint8Array]
  }

  /** Overwrites everything secret. */
  erase(): void {
    this.#chainingKey.fill(0)
    this.#key?.fill(0)
    this.#key = undefined
  }

  #replaceKeys(chainingKey: Uint8Array, key: Uint8Array): void {
    this.erase()
    this.#chainingKey = chainingKey
    this.#key = key
    this.#nonce = 0
  }

  #takeNonce(): Uint8Array {
    const nonce = new Uint8Array(12)
    nonce[4] = this.#nonce
    this.#nonce += 1
    return nonce
  }
}

function padToHash(name: Uint8Array): Uint8Array {
  const padded = new Uint8Array(HASH_BYTES)
  padded.set(name)
  return padded
}

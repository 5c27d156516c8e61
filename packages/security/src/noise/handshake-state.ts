/** Noise's HandshakeState for the patterns IK and IKpsk2 (revision 34, sections 5.3 and 9). */
import { AEAD_TAG_BYTES } from '../primitives/aead.ts'
import { X25519_BYTES, X25519PublicKey } from '../primitives/x25519.ts'
import type { X25519PrivateKey } from '../primitives/x25519.ts'
import { SymmetricState } from './symmetric-state.ts'

/** The patterns that are implemented. */
export type NoisePattern = 'IK' | 'IKpsk2'

type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk'

const MESSAGES: Record<NoisePattern, readonly (readonly Token[])[]> = {
  IK: [
    ['e', 'es', 's', 'ss'],
    ['e', 'ee', 'se'],
  ],
  IKpsk2: [
    ['e', 'es', 's', 'ss'],
    ['e', 'ee', 'se', 'psk'],
  ],
}

const NO_PSK = new Uint8Array(32)

/** What a handshake starts from. */
export interface HandshakeStart {
  readonly pattern: NoisePattern
  readonly isInitiator: boolean
  readonly prologue: Uint8Array
  /** Own long-term key. */
  readonly localStatic: X25519PrivateKey
  /** The responder's long-term key, known to an initiator beforehand. */
  readonly remoteStatic?: X25519PublicKey
}

/** Keys and transcript of a finished handshake. */
export interface HandshakeResult {
  readonly sendKey: Uint8Array
  readonly receiveKey: Uint8Array
  readonly handshakeHash: Uint8Array
}

/** One handshake under way. A message that cannot be read leaves it as it was. */
export class HandshakeState {
  /** The peer's long-term key, once it is known. */
  remoteStatic: X25519PublicKey | undefined
  /** The pre-shared key; the responder may set it as late as before its response. */
  psk: Uint8Array = NO_PSK
  readonly #start: HandshakeStart
  #symmetric: SymmetricState
  #localEphemeral: X25519PrivateKey | undefined
  #remoteEphemeral: X25519PublicKey | undefined
  #messagesDone = 0

  constructor(start: HandshakeStart) {
    this.#start = start
    this.remoteStatic = start.remoteStatic
    const responderStatic = start.isInitiator
      ? start.remoteStatic?.bytes
      : start.localStatic.publicKey
    if (responderStatic === undefined) throw new TypeError('an initiator must know its responder')
    this.#symmetric = SymmetricState.initialize(
      `Noise_${start.pattern}_25519_ChaChaPoly_BLAKE2s`,
      start.prologue,
    )
    this.#symmetric.mixHash(responderStatic)
  }

  /** Returns the next message with `payload`, or undefined where the peer's keys are unusable. `ephemeral` is used for it. */
  writeMessage(payload: Uint8Array, ephemeral: X25519PrivateKey): Uint8Array | undefined {
    this.#localEphemeral = ephemeral
    const parts: Uint8Array[] = []
    for (const token of this.#tokens()) {
      if (token === 'e') parts.push(this.#writeEphemeral())
      else if (token === 's')
        parts.push(this.#symmetric.encryptAndHash(this.#start.localStatic.publicKey))
      else if (!this.#mix(token, this.#symmetric)) return undefined
    }
    parts.push(this.#symmetric.encryptAndHash(payload))
    this.#messagesDone += 1
    return Buffer.concat(parts)
  }

  /** Returns the payload of the peer's next message, or undefined where it is not authentic. */
  readMessage(message: Uint8Array): Uint8Array | undefined {
    const before = {
      symmetric: this.#symmetric,
      remoteStatic: this.remoteStatic,
      remoteEphemeral: this.#remoteEphemeral,
    }
    const trial = this.#symmetric.clone()
    const payload = this.#tryRead(message, trial)
    if (payload === undefined) {
      trial.erase()
      this.remoteStatic = before.remoteStatic
      this.#remoteEphemeral = before.remoteEphemeral
      return undefined
    }
    before.symmetric.erase()
    this.#symmetric = trial
    this.#messagesDone += 1
    return payload
  }

  /** Returns the transport keys after the last message and erases the handshake. */
  finish(): HandshakeResult {
    if (this.#messagesDone !== MESSAGES[this.#start.pattern].length) {
      throw new Error('the handshake is not finished')
    }
    const [first, second] = this.#symmetric.split()
    const handshakeHash = this.#symmetric.hash
    this.erase()
    return this.#start.isInitiator
      ? { sendKey: first, receiveKey: second, handshakeHash }
      : { sendKey: second, receiveKey: first, handshakeHash }
  }

  /** Overwrites everything secret. */
  erase(): void {
    this.#symmetric.erase()
    this.#localEphemeral = undefined
  }

  #tokens(): readonly Token[] {
    const tokens = MESSAGES[this.#start.pattern][this.#messagesDone]
    if (tokens === undefined) throw new Error('the handshake has no further message')
    return tokens
  }

  #writeEphemeral(): Uint8Array {
    const key = this.#localEphemeral?.publicKey ?? new Uint8Array(0)
    this.#mixEphemeral(key, this.#symmetric)
    return key
  }

  #mixEphemeral(publicKey: Uint8Array, symmetric: SymmetricState): void {
    symmetric.mixHash(publicKey)
    // Section 9.2: patterns with a pre-shared key derive a key from every ephemeral one.
    if (this.#start.pattern === 'IKpsk2') symmetric.mixKey(publicKey)
  }

  #tryRead(message: Uint8Array, symmetric: SymmetricState): Uint8Array | undefined {
    let offset = 0
    for (const token of this.#tokens()) {
      const length =
        token === 'e' ? X25519_BYTES : token === 's' ? X25519_BYTES + AEAD_TAG_BYTES : 0
      const field = message.subarray(offset, offset + length)
      if (field.length < length) return undefined
      offset += length
      if (token === 'e') {
        this.#remoteEphemeral = X25519PublicKey.fromBytes(field)
        this.#mixEphemeral(field, symmetric)
      } else if (token === 's') {
        const key = symmetric.decryptAndHash(field)
        if (key === undefined) return undefined
        this.remoteStatic = X25519PublicKey.fromBytes(key)
      } else if (!this.#mix(token, symmetric)) return undefined
    }
    return symmetric.decryptAndHash(message.subarray(offset))
  }

  #mix(token: Token, symmetric: SymmetricState): boolean {
    if (token === 'psk') {
      symmetric.mixKeyAndHash(this.psk)
      return true
    }
    const secret = this.#secretOf(token)
    if (secret === undefined) return false
    symmetric.mixKey(secret)
    secret.fill(0)
    return true
  }

  #secretOf(token: Token): Uint8Array | undefined {
    const { isInitiator, localStatic } = this.#start
    // The first letter names the initiator's key, the second the responder's.
    const usesLocalEphemeral = token === 'ee' || token === (isInitiator ? 'es' : 'se')
    const usesRemoteEphemeral = token === 'ee' || token === (isInitiator ? 'se' : 'es')
    const local = usesLocalEphemeral ? this.#localEphemeral : localStatic
    const remote = usesRemoteEphemeral ? this.#remoteEphemeral : this.remoteStatic
    return remote === undefined ? undefined : local?.sharedSecret(remote)
  }
}

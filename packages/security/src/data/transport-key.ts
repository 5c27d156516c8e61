/** One pair of transport keys: what seals and opens the datagrams of a session between two rekeys. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import type { AeadName } from '../primitives/aead.ts'
import {
  FRAME_BYTES_MAX,
  REJECT_AFTER_MS,
  REKEY_AFTER_AS_RESPONDER_MS,
  REKEY_AFTER_MS,
  REKEY_AT_MESSAGE_SHARE,
} from '../limits.ts'
import { SecurityError } from '../errors.ts'
import { messagesMax } from './ciphers.ts'
import { ScriptCipher } from './script-cipher.ts'
import type { TransportCipher } from './transport-cipher.ts'

/** What a finished handshake hands over. */
export interface TransportKeyParts {
  readonly cipher: AeadName
  readonly sendKey: Uint8Array
  readonly receiveKey: Uint8Array
  /** Index that the peer puts into its datagrams. */
  readonly localIndex: number
  /** Index that our datagrams carry. */
  readonly remoteIndex: number
  readonly isInitiator: boolean
  /** The peer's proven address; WireGuard's handshake proves none. */
  readonly peerAddress?: Address | undefined
  /** What the peer says it can do, as capability numbers. */
  readonly peerCapabilities?: readonly number[] | undefined
  readonly createdAt: Instant
  /** Plaintexts are filled with zeros to a multiple of this (WireGuard: 16; 1 = not at all). */
  readonly paddingMultiple: number
  /** Age at which the initiator replaces it; REKEY_AFTER_MS by default. */
  readonly rekeyAfterMs?: number | undefined
}

/** A pair of keys with the rules of their life; a cipher does the work. */
export class TransportKey {
  readonly parts: TransportKeyParts
  /** Confirmations of the initiator that were acknowledged. */
  acknowledgedCount = 0
  readonly #cipher: TransportCipher
  readonly #messagesMax: number
  #isErased = false

  constructor(parts: TransportKeyParts, cipher: TransportCipher = new ScriptCipher(parts)) {
    this.parts = parts
    this.#cipher = cipher
    this.#messagesMax = messagesMax(parts.cipher)
  }

  /** Authentic datagrams opened so far. */
  get receivedCount(): number {
    return this.#cipher.receivedCount
  }

  /** Datagrams sealed so far; need not be newer than a second. */
  get sentCount(): number {
    return this.#cipher.sentCount
  }

  /** Time from which the key is dead. */
  get expiresAt(): Instant {
    return this.parts.createdAt + REJECT_AFTER_MS
  }

  /** Returns whether the key may still be used. */
  isAlive(now: Instant): boolean {
    return !this.#isErased && now < this.expiresAt
  }

  /** Returns whether the key should be replaced before it ends. */
  isDueForRekey(now: Instant): boolean {
    const { isInitiator, createdAt, rekeyAfterMs = REKEY_AFTER_MS } = this.parts
    const limit = rekeyAfterMs + (isInitiator ? 0 : REKEY_AFTER_AS_RESPONDER_MS - REKEY_AFTER_MS)
    if (now - createdAt >= limit) return true
    return this.#cipher.sentCount >= this.#messagesMax * REKEY_AT_MESSAGE_SHARE
  }

  /** Makes the key the one that seals. */
  use(): void {
    this.#cipher.use()
  }

  /** Returns the datagram that carries `frame`, or undefined where the key has ended. */
  seal(frame: Uint8Array, now: Instant): Uint8Array | undefined {
    if (!this.isAlive(now)) return undefined
    if (frame.length > FRAME_BYTES_MAX) {
      throw new SecurityError('FRAME_TOO_LONG', `${frame.length} bytes in one frame`)
    }
    return this.#cipher.seal(this.#pad(frame))
  }

  /** Returns the frame in `datagram` (of this key's index), or undefined where it is not authentic, late or repeated. */
  open(datagram: Uint8Array, now: Instant): Uint8Array | undefined {
    return this.isAlive(now) ? this.#cipher.open(datagram) : undefined
  }

  /** Overwrites the keys. */
  erase(): void {
    if (!this.#isErased) this.#cipher.erase()
    this.#isErased = true
    this.parts.sendKey.fill(0)
    this.parts.receiveKey.fill(0)
  }

  #pad(frame: Uint8Array): Uint8Array {
    const over = frame.length % this.parts.paddingMultiple
    if (over === 0) return frame
    const padded = new Uint8Array(frame.length + this.parts.paddingMultiple - over)
    padded.set(frame)
    return padded
  }
}

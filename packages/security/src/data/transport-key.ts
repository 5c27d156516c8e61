/** One pair of transport keys: what seals and opens the datagrams of a session between two rekeys. */
import type { Instant } from '@ipop/runtime'
import { open, sealInto } from '../primitives/aead.ts'
import type { AeadName } from '../primitives/aead.ts'
import {
  FRAME_BYTES_MAX,
  REJECT_AFTER_MS,
  REKEY_AFTER_AS_RESPONDER_MS,
  REKEY_AFTER_MS,
  REKEY_AT_MESSAGE_SHARE,
} from '../limits.ts'
import {
  DATA_HEADER_BYTES,
  DATA_OVERHEAD_BYTES,
  dataCounter,
  encodeDataHeader,
} from '../wire/transport-data.ts'
import { SecurityError } from '../errors.ts'
import { messagesMax } from './ciphers.ts'
import { ReplayWindow } from './replay-window.ts'

const NO_AAD = new Uint8Array(0)

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
  readonly createdAt: Instant
  /** Plaintexts are filled with zeros to a multiple of this (WireGuard: 16; 1 = not at all). */
  readonly paddingMultiple: number
}

/** A pair of keys with their counters and replay window. */
export class TransportKey {
  readonly parts: TransportKeyParts
  /** Datagrams sealed so far. */
  sentCount = 0
  /** Authentic datagrams opened so far. */
  receivedCount = 0
  /** Confirmations of the initiator that were acknowledged. */
  acknowledgedCount = 0
  readonly #window = new ReplayWindow()
  readonly #nonce = new Uint8Array(12)
  readonly #messagesMax: number
  #isErased = false

  constructor(parts: TransportKeyParts) {
    this.parts = parts
    this.#messagesMax = messagesMax(parts.cipher)
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
    const { isInitiator, createdAt } = this.parts
    const limit = isInitiator ? REKEY_AFTER_MS : REKEY_AFTER_AS_RESPONDER_MS
    return now - createdAt >= limit || this.sentCount >= this.#messagesMax * REKEY_AT_MESSAGE_SHARE
  }

  /** Returns the datagram that carries `frame`, or undefined where the key has ended. */
  seal(frame: Uint8Array, now: Instant): Uint8Array | undefined {
    if (!this.isAlive(now) || this.sentCount >= this.#messagesMax) return undefined
    if (frame.length > FRAME_BYTES_MAX) {
      throw new SecurityError('FRAME_TOO_LONG', `${frame.length} bytes in one frame`)
    }
    const { cipher, sendKey, remoteIndex } = this.parts
    const plaintext = this.#pad(frame)
    const datagram = new Uint8Array(plaintext.length + DATA_OVERHEAD_BYTES)
    const counter = this.sentCount++
    encodeDataHeader(datagram, remoteIndex, counter)
    writeNonce(this.#nonce, cipher, datagram)
    sealInto(cipher, sendKey, this.#nonce, NO_AAD, plaintext, datagram, DATA_HEADER_BYTES)
    return datagram
  }

  /** Returns the frame in `datagram` (of this key's index), or undefined where it is not authentic, late or repeated. */
  open(datagram: Uint8Array, now: Instant): Uint8Array | undefined {
    const counter = dataCounter(datagram)
    if (!this.isAlive(now) || counter >= this.#messagesMax) return undefined
    if (!this.#window.isNew(counter)) return undefined
    const { cipher, receiveKey } = this.parts
    writeNonce(this.#nonce, cipher, datagram)
    const sealed = datagram.subarray(DATA_HEADER_BYTES)
    const frame = open(cipher, receiveKey, this.#nonce, NO_AAD, sealed)
    if (frame === undefined) return undefined
    this.#window.accept(counter)
    this.receivedCount += 1
    return frame
  }

  /** Overwrites the keys. */
  erase(): void {
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

/** Writes the nonce for the counter in `datagram`: four zeros, then the counter as Noise orders it for the cipher. */
function writeNonce(nonce: Uint8Array, cipher: AeadName, datagram: Uint8Array): void {
  const isBigEndian = cipher === 'aes-256-gcm'
  for (let i = 0; i < 8; i++) nonce[isBigEndian ? 11 - i : 4 + i] = datagram[8 + i] ?? 0
}

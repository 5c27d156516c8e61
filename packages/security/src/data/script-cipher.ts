/** Sealing and opening in JavaScript, with the ciphers of the runtime. */
import { open, sealInto } from '../primitives/aead.ts'
import type { AeadName } from '../primitives/aead.ts'
import {
  DATA_HEADER_BYTES,
  DATA_OVERHEAD_BYTES,
  dataCounter,
  encodeDataHeader,
} from '../wire/transport-data.ts'
import { messagesMax } from './ciphers.ts'
import { ReplayWindow } from './replay-window.ts'
import type { TransportCipher } from './transport-cipher.ts'
import type { TransportKeyParts } from './transport-key.ts'

const NO_AAD = new Uint8Array(0)

/** Written and used within one call; its first four bytes stay zero. */
const nonce = new Uint8Array(12)

/** One pair of keys; they are borrowed, and erased by whoever made them. */
export class ScriptCipher implements TransportCipher {
  sentCount = 0
  receivedCount = 0
  readonly #parts: TransportKeyParts
  readonly #window = new ReplayWindow()
  readonly #messagesMax: number

  constructor(parts: TransportKeyParts) {
    this.#parts = parts
    this.#messagesMax = messagesMax(parts.cipher)
  }

  seal(plaintext: Uint8Array): Uint8Array | undefined {
    if (this.sentCount >= this.#messagesMax) return undefined
    const { cipher, sendKey, remoteIndex } = this.#parts
    const datagram = new Uint8Array(plaintext.length + DATA_OVERHEAD_BYTES)
    const counter = this.sentCount++
    encodeDataHeader(datagram, remoteIndex, counter)
    writeNonce(cipher, datagram)
    sealInto(cipher, sendKey, nonce, NO_AAD, plaintext, datagram, DATA_HEADER_BYTES)
    return datagram
  }

  open(datagram: Uint8Array): Uint8Array | undefined {
    const counter = dataCounter(datagram)
    if (counter >= this.#messagesMax || !this.#window.isNew(counter)) return undefined
    const { cipher, receiveKey } = this.#parts
    writeNonce(cipher, datagram)
    const sealed = datagram.subarray(DATA_HEADER_BYTES)
    const frame = open(cipher, receiveKey, nonce, NO_AAD, sealed)
    if (frame === undefined) return undefined
    this.#window.accept(counter)
    this.receivedCount += 1
    return frame
  }

  use(): void {
    // There is nothing that seals beside this.
  }

  erase(): void {
    // The keys are the owner's.
  }
}

/** Writes the nonce for the counter in `datagram`: four zeros, then the counter as Noise orders it for the cipher. */
function writeNonce(cipher: AeadName, datagram: Uint8Array): void {
  const isBigEndian = cipher === 'aes-256-gcm'
  for (let i = 0; i < 8; i++) nonce[isBigEndian ? 11 - i : 4 + i] = datagram[8 + i] ?? 0
}

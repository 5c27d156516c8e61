/** The initiator's half of one handshake. */
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import type { TransportKey } from '../data/transport-key.ts'
import { HandshakeState } from '../noise/handshake-state.ts'
import { X25519PrivateKey } from '../primitives/x25519.ts'
import type { X25519PublicKey } from '../primitives/x25519.ts'
import { decodeResponse, encodeInitiation, INITIATION_OVERHEAD_BYTES } from '../wire/handshake.ts'
import { decodeHandshakePayload, encodeHandshakePayload } from '../wire/handshake-payload.ts'
import type { HandshakePayload } from '../wire/handshake-payload.ts'
import { makeTransportKey } from './context.ts'
import type { HandshakeContext, VerifiedPeer } from './context.ts'
import { initiationBytes } from './lengths.ts'
import { mac1Key, mac1Of, writeMac1, writeMac2 } from './macs.ts'
import { copyBytes } from '../primitives/bytes.ts'

/** A response that was accepted. */
export interface CompletedHandshake {
  readonly key: TransportKey
  readonly peer: VerifiedPeer
}

/** A sent initiation that waits for its response. */
export class Initiator {
  /** Index by which the response names this handshake, and later the datagrams of its key. */
  readonly localIndex: number
  readonly #context: HandshakeContext
  readonly #state: HandshakeState
  readonly #message: Uint8Array
  #isSpent = false

  private constructor(
    context: HandshakeContext,
    localIndex: number,
    state: HandshakeState,
    message: Uint8Array,
  ) {
    this.#context = context
    this.localIndex = localIndex
    this.#state = state
    this.#message = message
  }

  /**
   * Starts a handshake with the owner of `remoteStatic`; undefined where that key has low order. The initiation has room for a
   * response about as long as this node's own, or for any.
   */
  static start(
    context: HandshakeContext,
    remoteStatic: X25519PublicKey,
    localIndex: number,
    timestamp: Uint8Array,
    isRoomy = false,
  ): Initiator | undefined {
    const { profile, prologue, localStatic, psk } = context
    const state = new HandshakeState({
      pattern: 'IKpsk2',
      isInitiator: true,
      prologue,
      localStatic,
      remoteStatic,
    })
    state.psk = psk
    const payload: HandshakePayload = profile.carriesRecords
      ? { timestamp, recordBytes: context.recordBytes(), capabilities: context.capabilities }
      : { timestamp, capabilities: [] }
    const length = initiationBytes(context, isRoomy) - INITIATION_OVERHEAD_BYTES
    const ephemeral = X25519PrivateKey.create(context.random)
    const noise = state.writeMessage(encodeHandshakePayload(payload, length), ephemeral)
    if (noise === undefined) return undefined
    const message = encodeInitiation(localIndex, noise)
    writeMac1(message, mac1Key(remoteStatic.bytes, context.macScope))
    return new Initiator(context, localIndex, state, message)
  }

  /** Whether the peer's true answer came; where `complete` refused it, waiting longer is of no use. */
  get isSpent(): boolean {
    return this.#isSpent
  }

  /** The mac1 that a cookie reply is bound to. */
  get mac1(): Uint8Array {
    return mac1Of(this.#message)
  }

  /** Returns the initiation, with mac2 where a cookie is at hand. */
  datagram(cookie: Uint8Array | undefined): Uint8Array {
    const message = copyBytes(this.#message)
    writeMac2(message, cookie)
    return message
  }

  /** Reads `response`; anything that is not the peer's true answer leaves the handshake waiting. */
  complete(response: Uint8Array, now: Instant): CompletedHandshake | Malformed {
    if (this.#isSpent) return new Malformed('handshake is over')
    const { sender, noise } = decodeResponse(response)
    const bytes = this.#state.readMessage(noise)
    if (bytes === undefined) return new Malformed('response not authentic')
    this.#isSpent = true
    const has = { timestamp: false, record: this.#context.profile.carriesRecords }
    const payload = decodeHandshakePayload(bytes, has)
    if (payload instanceof Malformed) return payload
    const sessionKey = this.#state.remoteStatic?.bytes ?? new Uint8Array(0)
    const peer = this.#context.verifyPeer(payload, sessionKey)
    if (peer instanceof Malformed) return peer
    const key = makeTransportKey(this.#context, this.#state, payload.capabilities, {
      localIndex: this.localIndex,
      remoteIndex: sender,
      isInitiator: true,
      createdAt: now,
      peerAddress: peer.record?.address,
    })
    return { key, peer }
  }

  /** Overwrites everything secret. */
  erase(): void {
    this.#state.erase()
  }
}

/** The responder's half of one handshake, in two steps: who is it, and the answer. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import type { TransportKey } from '../data/transport-key.ts'
import { HandshakeState } from '../noise/handshake-state.ts'
import { X25519PrivateKey } from '../primitives/x25519.ts'
import type { X25519PublicKey } from '../primitives/x25519.ts'
import { decodeInitiation, encodeResponse } from '../wire/handshake.ts'
import { decodeHandshakePayload, encodeHandshakePayload } from '../wire/handshake-payload.ts'
import type { HandshakePayload } from '../wire/handshake-payload.ts'
import { makeTransportKey } from './context.ts'
import type { HandshakeContext, VerifiedPeer } from './context.ts'
import { mac1Key, writeMac1 } from './macs.ts'

/** An initiation that was opened: its sender holds the session key it names, though it may be a replay. */
export class Responder {
  readonly remoteStatic: X25519PublicKey
  /** Later than that of any earlier initiation of the peer, unless this one is a replay. */
  readonly timestamp: Uint8Array
  readonly #context: HandshakeContext
  readonly #state: HandshakeState
  readonly #payload: HandshakePayload
  readonly #remoteIndex: number
  #peerAddress: Address | undefined

  private constructor(
    context: HandshakeContext,
    state: HandshakeState,
    payload: HandshakePayload,
    remote: { readonly key: X25519PublicKey; readonly index: number },
  ) {
    this.#context = context
    this.#state = state
    this.#payload = payload
    this.#remoteIndex = remote.index
    this.remoteStatic = remote.key
    this.timestamp = payload.timestamp ?? new Uint8Array(0)
  }

  /** Opens `initiation`, which has the shape of one and a good mac1. */
  static open(context: HandshakeContext, initiation: Uint8Array): Responder | Malformed {
    const { profile, prologue, localStatic } = context
    const state = new HandshakeState({
      pattern: 'IKpsk2',
      isInitiator: false,
      prologue,
      localStatic,
    })
    const { sender, noise } = decodeInitiation(initiation)
    const bytes = state.readMessage(noise)
    const key = state.remoteStatic
    if (bytes === undefined || key === undefined) return new Malformed('initiation not authentic')
    const has = { timestamp: true, record: profile.carriesRecords }
    const payload = decodeHandshakePayload(bytes, has)
    if (payload instanceof Malformed) return payload
    return new Responder(context, state, payload, { key, index: sender })
  }

  /** Returns what the initiation proves about its sender. */
  verifyPeer(): VerifiedPeer | Malformed {
    const peer = this.#context.verifyPeer(this.#payload, this.remoteStatic.bytes)
    if (!(peer instanceof Malformed)) this.#peerAddress = peer.record?.address
    return peer
  }

  /** Returns the response and the key it makes; undefined where the peer's ephemeral key has low order. */
  respond(
    localIndex: number,
    now: Instant,
  ): { readonly datagram: Uint8Array; readonly key: TransportKey } | undefined {
    const { profile, capabilities, macScope, psk, random } = this.#context
    const payload: HandshakePayload = profile.carriesRecords
      ? { recordBytes: this.#context.recordBytes(), capabilities }
      : { capabilities: [] }
    this.#state.psk = psk
    const ephemeral = X25519PrivateKey.create(random)
    const noise = this.#state.writeMessage(encodeHandshakePayload(payload, 0), ephemeral)
    if (noise === undefined) return undefined
    const datagram = encodeResponse(localIndex, this.#remoteIndex, noise)
    writeMac1(datagram, mac1Key(this.remoteStatic.bytes, macScope))
    const key = makeTransportKey(this.#context, this.#state, this.#payload.capabilities, {
      localIndex,
      remoteIndex: this.#remoteIndex,
      isInitiator: false,
      createdAt: now,
      peerAddress: this.#peerAddress,
    })
    return { datagram, key }
  }

  /** Overwrites everything secret. */
  erase(): void {
    this.#state.erase()
  }
}

/** What all handshakes of one local node have in common. */
import { Malformed } from '@ipop/codec'
import type { Random } from '@ipop/runtime'
import { agreeCipher } from '../data/ciphers.ts'
import type { TransportCipherFactory } from '../data/transport-cipher.ts'
import { TransportKey } from '../data/transport-key.ts'
import type { HandshakeState } from '../noise/handshake-state.ts'
import type { X25519PrivateKey } from '../primitives/x25519.ts'
import type { NodeRecord } from '../wire/node-record.ts'
import type { HandshakePayload } from '../wire/handshake-payload.ts'
import type { HandshakeProfile } from './profile.ts'

/** The local node as its handshakes see it. */
export interface HandshakeContext {
  readonly profile: HandshakeProfile
  readonly prologue: Uint8Array
  readonly macScope: Uint8Array
  readonly localStatic: X25519PrivateKey
  readonly psk: Uint8Array
  readonly capabilities: readonly number[]
  readonly random: Random
  /** Takes transport keys over, where a data plane does the sealing and opening. */
  readonly ciphers?: TransportCipherFactory | undefined
  /** Age at which the initiator of a key replaces it; REKEY_AFTER_MS by default. */
  readonly rekeyAfterMs?: number | undefined
  /** Returns the wire form of the node's own record, refreshed where need be. */
  recordBytes(): Uint8Array
  /** Returns the peer's record in `payload` where it is good and belongs to `sessionKey`. */
  verifyPeer(payload: HandshakePayload, sessionKey: Uint8Array): VerifiedPeer | Malformed
}

/** What a handshake proved about the peer. */
export interface VerifiedPeer {
  /** Absent in WireGuard's handshake. */
  readonly record?: NodeRecord
}

/** Returns the transport key that the finished `state` yields. */
export function makeTransportKey(
  context: HandshakeContext,
  state: HandshakeState,
  remoteCapabilities: readonly number[],
  ends: Pick<
    TransportKey['parts'],
    'localIndex' | 'remoteIndex' | 'isInitiator' | 'createdAt' | 'peerAddress'
  >,
): TransportKey {
  const { sendKey, receiveKey } = state.finish()
  // One after the other, not spread: objects made so are smaller, and there are many.
  const parts: TransportKey['parts'] = {
    localIndex: ends.localIndex,
    remoteIndex: ends.remoteIndex,
    isInitiator: ends.isInitiator,
    createdAt: ends.createdAt,
    peerAddress: ends.peerAddress,
    cipher: agreeCipher(context.capabilities, remoteCapabilities),
    sendKey,
    receiveKey,
    peerCapabilities: isSameList(remoteCapabilities, context.capabilities)
      ? context.capabilities
      : remoteCapabilities,
    paddingMultiple: context.profile.paddingMultiple,
    rekeyAfterMs: context.rekeyAfterMs,
  }
  return new TransportKey(parts, context.ciphers?.create(parts))
}

function isSameList(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((each, at) => each === other[at])
}

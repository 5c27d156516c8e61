/** What sessions exchange with the layer above: paths, events, datagrams to send, indexes. */
import type { Address } from '@ipop/address'
import type { NodeRecord } from '../wire/node-record.ts'
import type { Session } from './session.ts'

/** A way by which datagrams come and go. The layer above owns it. */
export interface SessionPath {
  /** Names the path in logs. */
  readonly id: string
  /** What a cookie is bound to: the peer's endpoint as it is seen here. */
  readonly sourceBytes: Uint8Array
}

/** The other end of a session. */
export interface SessionPeer {
  readonly sessionKey: Uint8Array
  /** Proven by a handshake. */
  readonly record?: NodeRecord
  /** The record's address; before there is a record, the address that was asked for. */
  readonly address?: Address
}

/** Why a session ended or never came to be. */
export type SessionEndReason =
  'closed' | 'expired' | 'unconfirmed' | 'replaced' | 'evicted' | SessionFailure

const FAILURES = ['no answer', 'identity mismatch', 'unusable key', 'too many sessions'] as const

/** Why a handshake failed. */
export type SessionFailure = (typeof FAILURES)[number]

/** Returns whether a session ended before it came to be. */
export function isFailure(reason: SessionEndReason): reason is SessionFailure {
  return FAILURES.some((failure) => failure === reason)
}

/** What happened to a session. `path` is where the datagram that caused it came from. */
export type SessionEvent<P extends SessionPath> =
  | {
      /** A key is confirmed and there was none before: frames can be sealed. */
      readonly kind: 'established'
      readonly session: Session<P>
      readonly path: P
      readonly asInitiator: boolean
      /** How long a responder waited for the confirmation of its answer, where it answered once. */
      readonly rttMs?: number | undefined
    }
  | {
      /** The peer's handshake was answered over `path`; nothing can be sealed under it before the peer confirms. */
      readonly kind: 'responding'
      readonly session: Session<P>
      readonly path: P
    }
  | {
      /** An authentic frame, never empty. `bytes` is valid until the next call of handleDatagram. */
      readonly kind: 'frame'
      readonly session: Session<P>
      readonly path: P
      readonly bytes: Uint8Array
    }
  | {
      /** An authentic empty datagram. */
      readonly kind: 'keepalive'
      readonly session: Session<P>
      readonly path: P
    }
  | {
      /** A data plane opened and delivered frames of the peer. */
      readonly kind: 'heard'
      readonly session: Session<P>
      readonly path: P
    }
  | {
      /** The handshake came to nothing; the session is gone. */
      readonly kind: 'failed'
      readonly session: Session<P>
      readonly reason: SessionFailure
    }
  | {
      /** The session is gone. */
      readonly kind: 'closed'
      readonly session: Session<P>
      readonly reason: SessionEndReason
    }

/** A datagram to send. Without `to`, it goes over every path that might reach the session's peer. */
export interface SessionTransmit<P extends SessionPath> {
  readonly session?: Session<P>
  readonly to: P | undefined
  readonly bytes: Uint8Array
}

/** Hands out the receiver indexes of one port, shared by all nodes behind it. */
export interface IndexAllocator {
  /** Returns an index that nobody holds; throws where INDEXES_MAX are held. */
  allocate(): number
  /** Takes an index back. */
  release(index: number): void
}

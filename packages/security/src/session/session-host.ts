/** What a session asks of the endpoint it belongs to. */
import type { Instant, Log, Random } from '@ipop/runtime'
import type { HandshakeContext } from '../handshake/context.ts'
import type { RetryOptions } from './retry-schedule.ts'
import type { OutgoingModules } from './outgoing-handshake.ts'
import type { Session } from './session.ts'
import type {
  SessionEndReason,
  SessionEvent,
  SessionPath,
  SessionTransmit,
} from './session-types.ts'

/** The endpoint as its sessions see it. */
export interface SessionHost<P extends SessionPath> {
  readonly context: HandshakeContext
  readonly random: Random
  readonly log: Log
  readonly retry: RetryOptions
  /** Returns the time stamp of the next initiation. */
  nextTimestamp(): Uint8Array
  /** Returns a receiver index that leads to `session`. */
  claimIndex(session: Session<P>): number
  /** Takes an index back. */
  releaseIndex(index: number): void
  /** Queues a datagram. */
  transmit(transmit: SessionTransmit<P>): void
  /** Queues an event. */
  emit(event: SessionEvent<P>): void
  /** Asks for `confirm` once the events so far have been handled. */
  confirmSoon(session: Session<P>): void
  /** Asks for handleTimeout of `session` at `at`, or earlier. */
  arm(session: Session<P>, at: Instant, reason: string): void
  /** Notes that the session has its first key. */
  established(session: Session<P>): void
  /** Notes that the session is over. */
  ended(session: Session<P>, reason: SessionEndReason): void
}

/** Returns what a handshake that `session` starts needs of the endpoint. */
export function outgoingModules<P extends SessionPath>(
  host: SessionHost<P>,
  session: Session<P>,
): OutgoingModules {
  return {
    context: host.context,
    random: host.random,
    nextTimestamp: () => host.nextTimestamp(),
    claimIndex: () => host.claimIndex(session),
    releaseIndex: (index) => host.releaseIndex(index),
  }
}

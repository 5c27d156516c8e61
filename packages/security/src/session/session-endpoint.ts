/** All sessions of one local node: takes datagrams, calls and time, gives datagrams and events. */
import type { Address } from '@ipop/address'
import { equalBytes, Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import type { HandshakeContext, VerifiedPeer } from '../handshake/context.ts'
import { responseBytes } from '../handshake/lengths.ts'
import { Responder } from '../handshake/responder.ts'
import { TimestampSource } from '../handshake/tai64n.ts'
import {
  EVENTS_PENDING_MAX,
  HALF_OPEN_MAX,
  SESSIONS_MAX,
  TRANSMITS_PENDING_MAX,
} from '../limits.ts'
import { isCookieReply, isInitiation, isResponse, receiverIndex } from '../wire/handshake.ts'
import type { NodeRecord } from '../wire/node-record.ts'
import { dataReceiver, isTransportData } from '../wire/transport-data.ts'
import { makeContext } from './endpoint-context.ts'
import { Fifo } from './fifo.ts'
import { InitiationGate } from './initiation-gate.ts'
import { noDrops } from './endpoint-options.ts'
import type {
  DropCounters,
  SessionEndpointModules,
  SessionEndpointOptions,
} from './endpoint-options.ts'
import { OwnRecord } from './own-record.ts'
import { Session } from './session.ts'
import type { SessionHost } from './session-host.ts'
import { SessionTable } from './session-table.ts'
import { isFailure } from './session-types.ts'
import type {
  SessionEndReason,
  SessionEvent,
  SessionPath,
  SessionTransmit,
} from './session-types.ts'

/** The sessions of one node. */
export class SessionEndpoint<P extends SessionPath> {
  /** Datagrams that led to nothing. */
  readonly drops: DropCounters = noDrops()
  readonly #modules: SessionEndpointModules
  readonly #options: SessionEndpointOptions
  readonly #context: HandshakeContext
  readonly #gate: InitiationGate
  readonly #host: SessionHost<P>
  readonly #ownRecord: OwnRecord
  readonly #timestamps = new TimestampSource()
  readonly #table = new SessionTable<P>()
  readonly #events = new Fifo<SessionEvent<P>>(EVENTS_PENDING_MAX)
  readonly #transmits = new Fifo<SessionTransmit<P>>(TRANSMITS_PENDING_MAX)
  /** Sessions whose new key the peer does not know of yet. */
  readonly #confirming: Session<P>[] = []
  #timeout: { at: Instant; reason: string } | undefined

  constructor(modules: SessionEndpointModules, options: SessionEndpointOptions) {
    this.#modules = modules
    this.#options = options
    this.#ownRecord = new OwnRecord(modules, options)
    this.#context = makeContext(modules, options, {
      ownRecord: this.#ownRecord,
      session: (sessionKey) => this.#table.get(sessionKey),
    })
    this.#gate = new InitiationGate(modules, {
      ...options,
      sessionKey: options.identity.sessionKey.publicKey,
      macScope: this.#context.macScope,
    })
    this.#host = this.#makeHost()
  }

  /** The node's own record, refreshed long before it expires. */
  get record(): NodeRecord {
    return this.#ownRecord.record
  }

  /** How many sessions there are. */
  get sessionCount(): number {
    return this.#table.size
  }

  /** How many of them wait for the first datagram of an unconfirmed peer. */
  get halfOpenCount(): number {
    return this.#table.halfOpenCount
  }

  /** Returns whether an initiation or response was made for this node and namespace. */
  ownsMac1(datagram: Uint8Array): boolean {
    return (isInitiation(datagram) || isResponse(datagram)) && this.#gate.isForUs(datagram)
  }

  /** Returns whether a receiver index leads to a session of this node. */
  ownsIndex(index: number): boolean {
    return this.#table.byIndex(index) !== undefined
  }

  /** Returns the session with a peer, and starts its handshake where there is no live key. `peer` is kept; the outcome comes as an event. */
  connect(
    peer: { readonly sessionKey: Uint8Array; readonly address?: Address },
    now: Instant,
  ): Session<P> {
    const known = this.#table.get(peer.sessionKey)
    if (known !== undefined) {
      if (!known.isEstablished) known.connect(now)
      return known
    }
    const session = new Session<P>(this.#host, peer, now)
    const isSelf = equalBytes(peer.sessionKey, this.#context.localStatic.publicKey)
    if (isSelf) session.end('unusable key')
    else if (!this.#makeRoom()) session.end('too many sessions')
    else {
      this.#table.add(session)
      session.connect(now)
    }
    return session
  }

  /** Returns the session with the owner of an address or of a session key. */
  session(peer: Address | Uint8Array): Session<P> | undefined {
    return this.#table.get(peer)
  }

  /** Returns the session that a receiver index leads to. */
  sessionByIndex(index: number): Session<P> | undefined {
    return this.#table.byIndex(index)
  }

  /** Returns all sessions. */
  sessions(): Iterable<Session<P>> {
    return this.#table.all()
  }

  /** Takes a datagram that came over `from`. Any bytes are accepted; `bytes` is borrowed. */
  handleDatagram(bytes: Uint8Array, from: P, now: Instant): void {
    if (this.#events.length >= EVENTS_PENDING_MAX) this.drops.queue += 1
    else if (isTransportData(bytes)) this.#handleData(bytes, from, now)
    else if (isInitiation(bytes)) this.#handleInitiation(bytes, from, now)
    else if (isResponse(bytes)) this.#handleResponse(bytes, from, now)
    else if (isCookieReply(bytes)) this.#handleCookieReply(bytes, from, now)
    else this.drops.shape += 1
  }

  /**
   * Takes a frame that a data plane opened under the key of `index`; undefined for frames that it delivered itself.
   * The effects are those of a datagram that came over `from`.
   */
  handleOpened(index: number, frame: Uint8Array | undefined, from: P, now: Instant): void {
    if (this.#events.length >= EVENTS_PENDING_MAX) this.drops.queue += 1
    else this.#table.byIndex(index)?.handleOpened(index, frame, from, now)
  }

  /** Takes note that a data plane sealed frames under the key of `index`; may start a rekey. */
  handleSealed(index: number, now: Instant): void {
    this.#table.byIndex(index)?.handleSealed(now)
  }

  /** Does what is due; calling it early or twice changes nothing. */
  handleTimeout(now: Instant): void {
    if (this.#timeout === undefined || now < this.#timeout.at) return
    this.#timeout = undefined
    for (const session of this.#table.all()) {
      if (session.dueAt <= now) {
        if (session.nextTimeout().at <= now) session.handleTimeout(now)
        session.dueAt = Infinity
        const { at, reason } = session.nextTimeout()
        if (!session.isClosed) this.#arm(session, at, reason)
      } else this.#arm(session, session.dueAt, session.dueReason)
    }
  }

  /** Returns when handleTimeout wants to be called. */
  pollTimeout(): { readonly at: Instant; readonly reason: string } | undefined {
    return this.#timeout
  }

  /** Returns the next datagram to send. */
  pollTransmit(): SessionTransmit<P> | undefined {
    for (let next = this.#confirming.pop(); next; next = this.#confirming.pop()) next.confirm()
    return this.#transmits.shift()
  }

  /** Returns the next event. */
  pollEvent(): SessionEvent<P> | undefined {
    return this.#events.shift()
  }

  #handleData(bytes: Uint8Array, from: P, now: Instant): void {
    const index = dataReceiver(bytes)
    const session = this.#table.byIndex(index)
    if (session === undefined) this.drops.index += 1
    else session.handleData(index, bytes, from, now)
  }

  #handleResponse(bytes: Uint8Array, from: P, now: Instant): void {
    const session = this.#table.byIndex(receiverIndex(bytes) ?? 0)
    if (session === undefined) this.drops.index += 1
    else if (!this.#gate.isForUs(bytes)) this.drops.mac1 += 1
    else session.handleResponse(bytes, from, now)
  }

  #handleCookieReply(bytes: Uint8Array, from: P, now: Instant): void {
    const session = this.#table.byIndex(receiverIndex(bytes) ?? 0)
    if (session === undefined) this.drops.index += 1
    else session.handleCookieReply(bytes, from, now)
  }

  #handleInitiation(bytes: Uint8Array, from: P, now: Instant): void {
    // Before anything is computed for it: the response must not be longer than what asked for it.
    if (bytes.length < responseBytes(this.#context)) return void (this.drops.shape += 1)
    if (!this.#gate.isForUs(bytes)) return void (this.drops.mac1 += 1)
    const verdict = this.#gate.judge(bytes, from.sourceBytes, now)
    if (verdict.kind !== 'answer') {
      this.drops.load += 1
      if (verdict.kind === 'cookie') this.#host.transmit({ to: from, bytes: verdict.reply })
      return
    }
    const responder = Responder.open(this.#context, bytes)
    if (responder instanceof Malformed) return void (this.drops.initiation += 1)
    const peer = responder.verifyPeer()
    if (peer instanceof Malformed) {
      this.drops.peer += 1
      this.#modules.log.write('debug', 'initiation refused', { path: from.id, reason: peer.reason })
    } else this.#sessionFor(responder, peer, now)?.answer(responder, peer, bytes, from, now)
    responder.erase()
  }

  #sessionFor(responder: Responder, peer: VerifiedPeer, now: Instant): Session<P> | undefined {
    const sessionKey = responder.remoteStatic.bytes
    if (equalBytes(sessionKey, this.#context.localStatic.publicKey)) return undefined
    const known = this.#table.get(sessionKey)
    if (known !== undefined) return known
    if (!this.#makeRoom()) {
      this.drops.full += 1
      return undefined
    }
    const address = peer.record === undefined ? {} : { address: peer.record.address }
    const session = new Session<P>(this.#host, { sessionKey, ...address }, now)
    this.#table.add(session)
    this.#table.markHalfOpen(session, true)
    return session
  }

  /** Makes sure that one more session fits; the oldest half-open one gives way. */
  #makeRoom(): boolean {
    const { sessionsMax = SESSIONS_MAX, halfOpenMax = HALF_OPEN_MAX } = this.#options
    const isFull = this.#table.size >= sessionsMax
    if (isFull || this.#table.halfOpenCount >= halfOpenMax) {
      this.#table.oldestHalfOpen()?.end('evicted')
    }
    return this.#table.size < sessionsMax
  }

  #makeHost(): SessionHost<P> {
    return {
      context: this.#context,
      random: this.#modules.random,
      log: this.#modules.log,
      retry: this.#options,
      nextTimestamp: () => this.#timestamps.next(this.#modules.wallTimeMs()),
      claimIndex: (session) => this.#claimIndex(session),
      releaseIndex: (index) => this.#releaseIndex(index),
      transmit: (transmit) => void this.#transmits.push(transmit),
      emit: (event) => void this.#events.push(event),
      confirmSoon: (session) => void this.#confirming.push(session),
      arm: (session, at, reason) => this.#arm(session, at, reason),
      established: (session) => this.#established(session),
      ended: (session, reason) => this.#ended(session, reason),
    }
  }

  #claimIndex(session: Session<P>): number {
    const index = this.#modules.indexes.allocate()
    this.#table.setIndex(index, session)
    return index
  }

  #releaseIndex(index: number): void {
    this.#table.deleteIndex(index)
    this.#modules.indexes.release(index)
  }

  #arm(session: Session<P>, at: Instant, reason: string): void {
    if (at < session.dueAt) [session.dueAt, session.dueReason] = [at, reason]
    if (at === Infinity || (this.#timeout !== undefined && this.#timeout.at <= at)) return
    this.#timeout = { at, reason }
  }

  #established(session: Session<P>): void {
    this.#table.markHalfOpen(session, false)
    this.#table.claimAddress(session)?.end('replaced')
  }

  #ended(session: Session<P>, reason: SessionEndReason): void {
    this.#table.remove(session)
    if (isFailure(reason)) this.#host.emit({ kind: 'failed', session, reason })
    else this.#host.emit({ kind: 'closed', session, reason })
  }
}

/** The security association of the local node with one peer. */
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import { CookieJar } from '../handshake/cookies.ts'
import type { VerifiedPeer } from '../handshake/context.ts'
import type { Responder } from '../handshake/responder.ts'
import type { TransportKey } from '../data/transport-key.ts'
import { X25519PublicKey } from '../primitives/x25519.ts'
import { CONFIRMATIONS_MAX, HALF_OPEN_MS, HANDSHAKE_INTERVAL_MS } from '../limits.ts'
import { Confirmation } from './confirmation.ts'
import { Earliest } from './earliest.ts'
import { IncomingHandshakes } from './incoming-handshakes.ts'
import { KeySlots } from './key-slots.ts'
import { OutgoingHandshake } from './outgoing-handshake.ts'
import { TrafficTimers } from './traffic-timers.ts'
import { outgoingModules, type SessionHost } from './session-host.ts'
import type { SessionEndReason, SessionPath, SessionPeer } from './session-types.ts'

const EMPTY = new Uint8Array(0)

/** Keys, handshakes and timers shared with one peer. Made by SessionEndpoint; methods marked so are for it alone. */
export class Session<P extends SessionPath> {
  /** Whether the session has ended. */
  isClosed = false
  /** Nothing is to be done before. For SessionEndpoint, which looks at this first: a session is many objects. */
  dueAt: Instant = Infinity
  /** What is to be done then. */
  dueReason = ''
  /** Who is at the other end. */
  peer: SessionPeer
  readonly #host: SessionHost<P>
  readonly #winsCrossing: boolean
  readonly #slots: KeySlots
  readonly #jar = new CookieJar()
  readonly #traffic: TrafficTimers
  readonly #incoming = new IncomingHandshakes()
  #attempt: OutgoingHandshake | undefined
  #attemptedAt: Instant = -Infinity
  #confirmation: Confirmation<P> | undefined
  #isAnnounced = false
  #halfOpenSince: Instant | undefined
  #answeredAt: Instant | undefined

  /** Makes a session without keys. For SessionEndpoint. */
  constructor(host: SessionHost<P>, peer: SessionPeer, now: Instant) {
    this.#host = host
    this.peer = peer
    this.#winsCrossing = Buffer.compare(host.context.localStatic.publicKey, peer.sessionKey) < 0
    this.#slots = new KeySlots((key) => host.releaseIndex(key.parts.localIndex))
    this.#traffic = new TrafficTimers(now)
  }

  /** Whether there is a confirmed key, so that `seal` works. */
  get isEstablished(): boolean {
    return this.#slots.current !== undefined
  }

  /** Whether only an unconfirmed handshake of the peer keeps the session. */
  get isHalfOpen(): boolean {
    return this.#halfOpenSince !== undefined && this.#attempt === undefined
  }

  /** The cipher of the key in use. */
  get cipher(): string | undefined {
    return this.#slots.current?.parts.cipher
  }

  /** How often a newer key took the place of the one in use. */
  get rekeyCount(): number {
    return Math.max(0, this.#slots.usedCount - 1)
  }

  /** The key that seals, for a data plane that does so elsewhere. */
  get currentKey(): TransportKey | undefined {
    return this.#slots.current
  }

  /** Returns the datagram that carries `frame`; undefined without a live key, for which a handshake is then started. */
  seal(frame: Uint8Array, now: Instant): Uint8Array | undefined {
    const key = this.#slots.current
    const datagram = key?.seal(frame, now)
    if (key === undefined || datagram === undefined) {
      this.connect(now)
      return undefined
    }
    this.handleSealed(now)
    return datagram
  }

  /** Takes note that frames were sealed under the key in use. For SessionEndpoint. */
  handleSealed(now: Instant): void {
    this.#traffic.sent(now)
    const isDue = this.#slots.current?.isDueForRekey(now) === true
    if (isDue || this.#traffic.isUnanswered(now)) this.connect(now)
  }

  /** Ends the session here; the peer is not told. */
  close(now: Instant): void {
    void now
    this.end('closed')
  }

  /** Starts a handshake unless one is under way or was just now. For SessionEndpoint. */
  connect(now: Instant): void {
    const isTooSoon = now - this.#attemptedAt < HANDSHAKE_INTERVAL_MS
    if (this.isClosed || this.#attempt !== undefined || isTooSoon) return
    this.#attemptedAt = now
    this.#attempt = new OutgoingHandshake(outgoingModules(this.#host, this), {
      ...this.#host.retry,
      remoteStatic: X25519PublicKey.fromBytes(this.peer.sessionKey),
      startedAt: now,
      jar: this.#jar,
    })
    const datagram = this.#attempt.start(now)
    if (datagram === undefined) return this.end('unusable key')
    this.#transmit(datagram)
    this.#rearm()
  }

  /** Answers the peer's initiation. For SessionEndpoint, which has verified `peer`. */
  answer(
    responder: Responder,
    peer: VerifiedPeer,
    initiation: Uint8Array,
    path: P,
    now: Instant,
  ): void {
    const judgement = this.#incoming.judge(responder.timestamp, initiation, now)
    if (judgement.kind === 'drop') return
    this.#answeredAt = judgement.kind === 'repeat' ? undefined : now
    if (judgement.kind === 'repeat') return this.#transmit(judgement.datagram, path)
    const index = this.#host.claimIndex(this)
    const response = responder.respond(index, now)
    if (response === undefined || response.datagram.length > initiation.length) {
      response?.key.erase()
      return this.#host.releaseIndex(index)
    }
    if (!this.#isAnnounced) this.#halfOpenSince = now
    this.#incoming.answered(responder.timestamp, initiation, response.datagram)
    this.#slots.installAsResponder(response.key)
    this.#learnPeer(peer)
    this.#transmit(response.datagram, path)
    this.#host.emit({ kind: 'responding', session: this, path })
    this.#rearm()
  }

  /** Takes the response to our initiation. For SessionEndpoint. */
  handleResponse(response: Uint8Array, path: P, now: Instant): void {
    const attempt = this.#attempt
    const outcome = attempt?.complete(response, now)
    if (attempt === undefined || outcome === undefined) return
    if (outcome instanceof Malformed) {
      this.#host.log.write('debug', 'response dropped', { path: path.id, reason: outcome.reason })
      if (attempt.isRefused) this.end('identity mismatch')
      return
    }
    this.#attempt = undefined
    this.#slots.installAsInitiator(outcome.key, now)
    this.#learnPeer(outcome.peer)
    this.#traffic.heard(now)
    this.#announce(path, true)
    this.#confirmation = new Confirmation(outcome.key, path, now)
    this.#host.confirmSoon(this)
    this.#rearm()
  }

  /** Confirms the key of our handshake, unless a frame has done so by now. For SessionEndpoint. */
  confirm(): void {
    this.#transmit(this.#confirmation?.first(), this.#confirmation?.path)
  }

  /** Takes a cookie reply to our initiation. For SessionEndpoint. */
  handleCookieReply(reply: Uint8Array, path: P, now: Instant): void {
    this.#transmit(this.#attempt?.handleCookieReply(reply, now), path)
  }

  /** Takes transport data that names one of our keys. For SessionEndpoint. */
  handleData(index: number, datagram: Uint8Array, path: P, now: Instant): void {
    const key = this.#slots.byIndex(index)
    const frame = key?.open(datagram, now)
    if (key !== undefined && frame !== undefined) this.#opened(key, frame, path, now)
  }

  /** Takes a frame that was opened elsewhere; undefined for one that went its way. For SessionEndpoint. */
  handleOpened(index: number, frame: Uint8Array | undefined, path: P, now: Instant): void {
    const key = this.#slots.byIndex(index)
    if (key?.isAlive(now) === true) this.#opened(key, frame, path, now)
  }

  /** Does what is due. For SessionEndpoint. */
  handleTimeout(now: Instant): void {
    this.#slots.expire(now)
    if (this.#slots.current === undefined) this.#isAnnounced = false
    this.#handleAttempt(now)
    this.#handleConfirmation(now)
    if (this.#traffic.takeKeepalive(now)) this.#transmit(this.seal(EMPTY, now))
    if (this.#attempt !== undefined) return
    if (now >= this.#halfOpenUntil()) this.end('unconfirmed')
    else if (now >= this.#traffic.dormantAt) this.end('expired')
  }

  /** Returns when handleTimeout wants to be called, and why. For SessionEndpoint. */
  nextTimeout(): { at: Instant; reason: string } {
    const next = new Earliest(this.#slots.nextExpiry, 'key expiry')
    if (this.#attempt === undefined) {
      next.consider(this.#halfOpenUntil(), 'half-open session')
      next.consider(this.#traffic.dormantAt, 'dormant session')
    } else next.consider(this.#attempt.timeoutAt, 'handshake resend')
    if (this.#confirmation !== undefined)
      next.consider(this.#confirmation.timeoutAt, 'key confirmation')
    next.consider(this.#traffic.keepaliveDueAt, 'keepalive')
    return next
  }

  /** Ends the session for `reason`. For SessionEndpoint. */
  end(reason: SessionEndReason): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#attempt?.erase()
    this.#attempt = undefined
    this.#confirmation = undefined
    this.#incoming.confirmed()
    this.#slots.dropAll()
    this.#host.ended(this, reason)
  }

  #opened(key: TransportKey, frame: Uint8Array | undefined, path: P, now: Instant): void {
    this.#traffic.heard(now)
    if (this.#slots.confirm(key, this.#winsCrossing, now)) {
      this.#incoming.confirmed()
      const rttMs = this.#answeredAt === undefined ? undefined : now - this.#answeredAt
      this.#announce(path, false, rttMs)
      this.#rearm()
    }
    if (frame?.length === 0) {
      this.#acknowledge(key, path, now)
      return this.#host.emit({ kind: 'keepalive', session: this, path })
    }
    if (this.#traffic.heardFrame(now))
      this.#host.arm(this, this.#traffic.keepaliveDueAt, 'keepalive')
    if (frame === undefined) this.#host.emit({ kind: 'heard', session: this, path })
    else this.#host.emit({ kind: 'frame', session: this, path, bytes: frame })
  }

  #handleAttempt(now: Instant): void {
    const step = this.#attempt?.handleTimeout(now)
    if (step?.kind === 'send') this.#transmit(step.datagram)
    else if (step?.kind === 'give up') {
      this.#attempt?.erase()
      this.#attempt = undefined
      if (this.#slots.current === undefined && this.#slots.next === undefined) this.end('no answer')
      else if (this.#slots.current === undefined) this.#halfOpenSince ??= now
    }
  }

  #handleConfirmation(now: Instant): void {
    const datagram = this.#confirmation?.poll(now)
    if (this.#confirmation?.isDone === true) this.#confirmation = undefined
    else this.#transmit(datagram, this.#confirmation?.path)
  }

  #transmit(bytes: Uint8Array | undefined, to?: P): void {
    if (bytes !== undefined) this.#host.transmit({ session: this, to, bytes })
  }

  #acknowledge(key: TransportKey, path: P, now: Instant): void {
    // The initiator repeats its confirmation until it hears something under the key.
    if (key.parts.isInitiator || key.acknowledgedCount >= CONFIRMATIONS_MAX) return
    key.acknowledgedCount += 1
    this.#transmit(key.seal(EMPTY, now), path)
  }

  #announce(path: P, asInitiator: boolean, rttMs?: number): void {
    this.#halfOpenSince = undefined
    if (this.#isAnnounced) return
    this.#isAnnounced = true
    this.#host.established(this)
    this.#host.emit({ kind: 'established', session: this, path, asInitiator, rttMs })
  }

  #learnPeer(peer: VerifiedPeer): void {
    if (peer.record === undefined) return
    // The record's own copy of the key: peers of one process have it in common.
    const { sessionKey, address } = peer.record
    this.peer = { sessionKey, address, record: peer.record }
  }

  #halfOpenUntil(): Instant {
    return this.#halfOpenSince === undefined ? Infinity : this.#halfOpenSince + HALF_OPEN_MS
  }

  #rearm(): void {
    if (this.isClosed) return
    const { at, reason } = this.nextTimeout()
    this.#host.arm(this, at, reason)
  }
}

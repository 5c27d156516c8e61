/** An attempt to reach a peer: one or more initiations until an answer comes or time is up. */
import { Malformed } from '@ipop/codec'
import type { Instant, Random } from '@ipop/runtime'
import type { HandshakeContext } from '../handshake/context.ts'
import { CookieJar } from '../handshake/cookies.ts'
import { Initiator } from '../handshake/initiator.ts'
import type { CompletedHandshake } from '../handshake/initiator.ts'
import { cookieKey } from '../handshake/macs.ts'
import { HANDSHAKE_INTERVAL_MS } from '../limits.ts'
import type { X25519PublicKey } from '../primitives/x25519.ts'
import { decodeCookieReply } from '../wire/handshake.ts'
import { RetrySchedule } from './retry-schedule.ts'
import type { RetryOptions } from './retry-schedule.ts'

/** What an attempt needs from its surroundings. */
export interface OutgoingModules {
  readonly context: HandshakeContext
  readonly random: Random
  /** Returns the time stamp of the next initiation. */
  nextTimestamp(): Uint8Array
  /** Returns a receiver index for the attempt. */
  claimIndex(): number
  /** Takes back an index that no key took over. */
  releaseIndex(index: number): void
}

/** What an attempt wants after a timeout. */
export type OutgoingStep =
  | { readonly kind: 'wait' }
  | { readonly kind: 'send'; readonly datagram: Uint8Array }
  | { readonly kind: 'give up' }

/** One attempt. */
export class OutgoingHandshake {
  readonly #modules: OutgoingModules
  readonly #remoteStatic: X25519PublicKey
  readonly #schedule: RetrySchedule
  readonly #jar: CookieJar
  #initiator: Initiator | undefined
  #madeAt: Instant = -Infinity

  constructor(
    modules: OutgoingModules,
    options: RetryOptions & {
      readonly remoteStatic: X25519PublicKey
      readonly startedAt: Instant
      readonly jar: CookieJar
    },
  ) {
    this.#modules = modules
    this.#remoteStatic = options.remoteStatic
    this.#schedule = new RetrySchedule(modules, options)
    this.#jar = options.jar
  }

  /** When handleTimeout wants to be called. */
  get timeoutAt(): Instant {
    return Math.min(this.#schedule.retryAt, this.#schedule.giveUpAt)
  }

  /** Whether the peer answered truly, but with an identity that was refused. */
  get isRefused(): boolean {
    return this.#initiator?.isSpent ?? false
  }

  /** Returns a new initiation; undefined where the peer's key is unusable. */
  start(now: Instant, isRoomy = false): Uint8Array | undefined {
    const modules = this.#modules
    const index = modules.claimIndex()
    const timestamp = modules.nextTimestamp()
    const { context } = modules
    const initiator = Initiator.start(context, this.#remoteStatic, index, timestamp, isRoomy)
    if (initiator === undefined) {
      modules.releaseIndex(index)
      return undefined
    }
    this.#initiator = initiator
    this.#madeAt = now
    return initiator.datagram(this.#jar.cookie(now))
  }

  /** Returns what to do at `now`. */
  handleTimeout(now: Instant): OutgoingStep {
    if (now >= this.#schedule.giveUpAt) return { kind: 'give up' }
    if (now < this.#schedule.retryAt) return { kind: 'wait' }
    this.#schedule.advance(now)
    // The same bytes for a while, so that a slow answer still counts; then new ones, which are answered even by a
    // peer that took the old ones for a replay, or whose record is longer than they have room for.
    const isOld = now - this.#madeAt >= HANDSHAKE_INTERVAL_MS
    if (isOld || !this.#modules.context.profile.resendsIdentical) {
      this.erase()
      const datagram = this.start(now, true)
      return datagram === undefined ? { kind: 'give up' } : { kind: 'send', datagram }
    }
    const datagram = this.#initiator?.datagram(this.#jar.cookie(now))
    return datagram === undefined ? { kind: 'give up' } : { kind: 'send', datagram }
  }

  /** Returns the initiation again, with the cookie of `reply`, where that is authentic. */
  handleCookieReply(bytes: Uint8Array, now: Instant): Uint8Array | undefined {
    if (this.#initiator === undefined) return undefined
    const key = cookieKey(this.#remoteStatic.bytes, this.#modules.context.macScope)
    const reply = decodeCookieReply(bytes)
    if (!this.#jar.accept(reply, key, this.#initiator.mac1, now)) return undefined
    if (!this.#modules.context.profile.resendsIdentical) return undefined
    return this.#initiator.datagram(this.#jar.cookie(now))
  }

  /** Returns the outcome where `response` is the peer's answer. The index then belongs to the key. */
  complete(response: Uint8Array, now: Instant): CompletedHandshake | Malformed {
    const outcome = this.#initiator?.complete(response, now) ?? new Malformed('nothing was asked')
    if (!(outcome instanceof Malformed)) this.#initiator = undefined
    return outcome
  }

  /** Overwrites what is secret and gives the index back, unless a key has it. */
  erase(): void {
    if (this.#initiator === undefined) return
    this.#initiator.erase()
    this.#modules.releaseIndex(this.#initiator.localIndex)
    this.#initiator = undefined
  }
}

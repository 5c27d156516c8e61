/** Decides which initiations are worth a handshake, before anything is computed or kept for their senders. */
import type { Instant, Random } from '@ipop/runtime'
import { CookieChecker } from '../handshake/cookies.ts'
import { cookieKey, hasMac1, mac1Key } from '../handshake/macs.ts'
import {
  COOKIE_REPLIES_PER_SECOND_MAX,
  INITIATIONS_PER_SECOND_COOKIE,
  INITIATIONS_PER_SECOND_MAX,
} from '../limits.ts'
import { decodeInitiation } from '../wire/handshake.ts'
import { SecondCounter } from './rates.ts'

/** Rates of one endpoint. */
export interface GateOptions {
  readonly sessionKey: Uint8Array
  readonly macScope: Uint8Array
  /** Initiations per second from which on cookies are demanded. */
  readonly cookieRate?: number
  /** Initiations per second answered at all. */
  readonly rateMax?: number
}

/** What becomes of an initiation. */
export type GateVerdict =
  | { readonly kind: 'answer' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'cookie'; readonly reply: Uint8Array }

/** mac1, then load, then mac2. */
export class InitiationGate {
  readonly #mac1Key: Uint8Array
  readonly #cookies: CookieChecker
  readonly #cookieRate: number
  readonly #rateMax: number
  readonly #arrivals = new SecondCounter()
  readonly #answers = new SecondCounter()
  readonly #replies = new SecondCounter()

  constructor(modules: { readonly random: Random }, options: GateOptions) {
    const { sessionKey, macScope } = options
    this.#mac1Key = mac1Key(sessionKey, macScope)
    this.#cookies = new CookieChecker(modules, { cookieKey: cookieKey(sessionKey, macScope) })
    this.#cookieRate = options.cookieRate ?? INITIATIONS_PER_SECOND_COOKIE
    this.#rateMax = options.rateMax ?? INITIATIONS_PER_SECOND_MAX
  }

  /** Returns whether a handshake message was made for this node and namespace. */
  isForUs(message: Uint8Array): boolean {
    return hasMac1(message, this.#mac1Key)
  }

  /** Returns what to do with an initiation that is for us, seen to come from `source`. */
  judge(initiation: Uint8Array, source: Uint8Array, now: Instant): GateVerdict {
    const isUnderLoad = this.#arrivals.count(now) > this.#cookieRate
    if (isUnderLoad && !this.#cookies.isProven(initiation, source, now)) {
      if (this.#replies.count(now) > COOKIE_REPLIES_PER_SECOND_MAX) return { kind: 'drop' }
      const { sender } = decodeInitiation(initiation)
      return { kind: 'cookie', reply: this.#cookies.reply(initiation, sender, source, now) }
    }
    if (this.#answers.count(now) > this.#rateMax) return { kind: 'drop' }
    return { kind: 'answer' }
  }
}

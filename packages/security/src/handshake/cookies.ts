/** Cookies: proof that an initiator receives at the place it sends from, demanded under load. */
import type { Instant, Random } from '@ipop/runtime'
import { COOKIE_LIFETIME_MS } from '../limits.ts'
import { macBlake2s } from '../primitives/blake2s.ts'
import { openX, sealX, XCHACHA_NONCE_BYTES } from '../primitives/xchacha20.ts'
import { encodeCookieReply, MAC_BYTES } from '../wire/handshake.ts'
import type { CookieReply } from '../wire/handshake.ts'
import { hasMac2, mac1Of } from './macs.ts'

/** The responder's side: keeps nothing per initiator, only a secret that changes. */
export class CookieChecker {
  readonly #random: Random
  readonly #key: Uint8Array
  #secret: { readonly bytes: Uint8Array; readonly since: Instant } | undefined

  constructor(modules: { readonly random: Random }, options: { readonly cookieKey: Uint8Array }) {
    this.#random = modules.random
    this.#key = options.cookieKey
  }

  /** Returns whether `message` proves with mac2 that its sender received a cookie at `source`. */
  isProven(message: Uint8Array, source: Uint8Array, now: Instant): boolean {
    return hasMac2(message, this.#cookie(source, now))
  }

  /** Returns the cookie reply to `message` from `source`, whose sender calls itself `sender`. */
  reply(message: Uint8Array, sender: number, source: Uint8Array, now: Instant): Uint8Array {
    const nonce = this.#random.bytes(XCHACHA_NONCE_BYTES)
    const sealed = sealX(this.#key, nonce, mac1Of(message), this.#cookie(source, now))
    return encodeCookieReply({ receiver: sender, nonce, sealed })
  }

  #cookie(source: Uint8Array, now: Instant): Uint8Array {
    if (this.#secret === undefined || now - this.#secret.since >= COOKIE_LIFETIME_MS) {
      this.#secret = { bytes: this.#random.bytes(32), since: now }
    }
    return macBlake2s(this.#secret.bytes, source, MAC_BYTES)
  }
}

/** The initiator's side: the last cookie that one responder gave. */
export class CookieJar {
  #cookie: { readonly bytes: Uint8Array; readonly since: Instant } | undefined

  /** Opens `reply` to the message that carried `mac1`; returns whether it was authentic and is kept. */
  accept(reply: CookieReply, key: Uint8Array, mac1: Uint8Array, now: Instant): boolean {
    const bytes = openX(key, reply.nonce, mac1, reply.sealed)
    if (bytes === undefined) return false
    this.#cookie = { bytes, since: now }
    return true
  }

  /** Returns the cookie while it is fresh. */
  cookie(now: Instant): Uint8Array | undefined {
    const cookie = this.#cookie
    return cookie !== undefined && now - cookie.since < COOKIE_LIFETIME_MS
      ? cookie.bytes
      : undefined
  }
}

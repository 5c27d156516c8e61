/** mac1 and mac2 of handshake messages, which let a responder refuse strangers before it computes anything costly. */
import { timingSafeEqual } from 'node:crypto'
import { concatBytes } from '@ipop/codec'
import { hashBlake2s, macBlake2s } from '../primitives/blake2s.ts'
import { MAC_BYTES } from '../wire/handshake.ts'

const MAC1_LABEL = new TextEncoder().encode('mac1----')
const COOKIE_LABEL = new TextEncoder().encode('cookie--')

/** Returns the key of mac1 for messages to the owner of `sessionKey`, within `scope` (a namespace's hash, or nothing). */
export function mac1Key(sessionKey: Uint8Array, scope: Uint8Array): Uint8Array {
  return hashBlake2s(concatBytes(MAC1_LABEL, sessionKey, scope))
}

/** Returns the key under which the owner of `sessionKey` encrypts cookies. */
export function cookieKey(sessionKey: Uint8Array, scope: Uint8Array): Uint8Array {
  return hashBlake2s(concatBytes(COOKIE_LABEL, sessionKey, scope))
}

/** Writes mac1 into `message`. */
export function writeMac1(message: Uint8Array, key: Uint8Array): void {
  const at = message.length - 2 * MAC_BYTES
  message.set(macBlake2s(key, message.subarray(0, at), MAC_BYTES), at)
}

/** Writes mac2 into `message`, for the cookie that its receiver gave out; without one, zeros. */
export function writeMac2(message: Uint8Array, cookie: Uint8Array | undefined): void {
  const at = message.length - MAC_BYTES
  if (cookie === undefined) message.fill(0, at)
  else message.set(macBlake2s(cookie, message.subarray(0, at), MAC_BYTES), at)
}

/** Returns the mac1 in `message`. */
export function mac1Of(message: Uint8Array): Uint8Array {
  return message.subarray(message.length - 2 * MAC_BYTES, message.length - MAC_BYTES)
}

/** Returns whether mac1 of `message` was made with `key`. */
export function hasMac1(message: Uint8Array, key: Uint8Array): boolean {
  const at = message.length - 2 * MAC_BYTES
  return timingSafeEqual(macBlake2s(key, message.subarray(0, at), MAC_BYTES), mac1Of(message))
}

/** Returns whether mac2 of `message` was made with `cookie`. */
export function hasMac2(message: Uint8Array, cookie: Uint8Array): boolean {
  const at = message.length - MAC_BYTES
  return timingSafeEqual(
    macBlake2s(cookie, message.subarray(0, at), MAC_BYTES),
    message.subarray(at),
  )
}

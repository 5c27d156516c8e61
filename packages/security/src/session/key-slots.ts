/** The keys of one session: the one in use, the one before, and one that waits for its confirmation. */
import type { Instant } from '@ipop/runtime'
import type { TransportKey } from '../data/transport-key.ts'
import { CROSSING_WINDOW_MS } from '../limits.ts'

/** WireGuard's three key slots, and the rule by which two crossing handshakes end in one key. */
export class KeySlots {
  readonly #onDrop: (key: TransportKey) => void
  #current: TransportKey | undefined
  #previous: TransportKey | undefined
  #next: TransportKey | undefined
  #usedCount = 0

  /** Makes empty slots; `onDrop` is called with every key that leaves them, already erased. */
  constructor(onDrop: (key: TransportKey) => void) {
    this.#onDrop = onDrop
  }

  /** The key that seals. */
  get current(): TransportKey | undefined {
    return this.#current
  }

  /** How many keys were taken into use so far. */
  get usedCount(): number {
    return this.#usedCount
  }

  /** The key of a peer's handshake that we answered and the peer has not used yet. */
  get next(): TransportKey | undefined {
    return this.#next
  }

  /** Returns the key whose datagrams carry `index`. */
  byIndex(index: number): TransportKey | undefined {
    if (this.#current?.parts.localIndex === index) return this.#current
    if (this.#next?.parts.localIndex === index) return this.#next
    return this.#previous?.parts.localIndex === index ? this.#previous : undefined
  }

  /** Takes the key of our own handshake into use: the response confirmed it. */
  installAsInitiator(key: TransportKey, now: Instant): void {
    const next = this.#next
    if (next !== undefined && !isCrossing(next, now)) {
      this.#drop(this.#previous)
      this.#drop(this.#current)
      this.#previous = next
      this.#next = undefined
    } else {
      this.#drop(this.#previous)
      this.#previous = this.#current
    }
    this.#current = key
    this.#usedCount += 1
    key.use()
  }

  /** Keeps the key of a handshake that we answered until the peer uses it. */
  installAsResponder(key: TransportKey): void {
    this.#drop(this.#next)
    this.#next = key
  }

  /**
   * Notes that an authentic datagram came under `key`; returns whether that took the waiting key into use.
   * Where both ends started handshakes at once, the one with the lower session key (`winsCrossing`) stays with its
   * own key for a moment: the other end sees it used and follows, so that both send under the same key.
   */
  confirm(key: TransportKey, winsCrossing: boolean, now: Instant): boolean {
    if (key !== this.#next) return false
    const current = this.#current
    const isRival = current?.parts.isInitiator === true && isCrossing(current, now)
    if (isRival && winsCrossing && isCrossing(key, now)) return false
    this.#drop(this.#previous)
    this.#previous = this.#current
    this.#current = key
    this.#next = undefined
    this.#usedCount += 1
    key.use()
    return true
  }

  /** Drops the keys that have reached their end. */
  expire(now: Instant): void {
    if (this.#current?.isAlive(now) === false) this.#current = this.#drop(this.#current)
    if (this.#previous?.isAlive(now) === false) this.#previous = this.#drop(this.#previous)
    if (this.#next?.isAlive(now) === false) this.#next = this.#drop(this.#next)
  }

  /** Drops the waiting key. */
  dropNext(): void {
    this.#next = this.#drop(this.#next)
  }

  /** Drops all keys. */
  dropAll(): void {
    this.#current = this.#drop(this.#current)
    this.#previous = this.#drop(this.#previous)
    this.#next = this.#drop(this.#next)
  }

  /** When the first of the keys ends; Infinity where there is none. */
  get nextExpiry(): Instant {
    return Math.min(expiryOf(this.#current), expiryOf(this.#next), expiryOf(this.#previous))
  }

  #drop(key: TransportKey | undefined): undefined {
    if (key === undefined) return
    key.erase()
    this.#onDrop(key)
  }
}

function expiryOf(key: TransportKey | undefined): Instant {
  return key === undefined ? Infinity : key.expiresAt
}

function isCrossing(key: TransportKey, now: Instant): boolean {
  return now - key.parts.createdAt < CROSSING_WINDOW_MS
}

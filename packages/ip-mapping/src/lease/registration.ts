/** Keeps one value in the DHT: stores it, renews it at half time, takes it out again. */
import type { Instant, Log, Random } from '@ipop/runtime'
import {
  LEASE_REASSERT_INTERVAL_MIN_MS,
  LEASE_REASSERT_MS,
  REGISTRATION_RETRY_MAX_MS,
  REGISTRATION_RETRY_MIN_MS,
} from '../limits.ts'
import type { DhtMachine, DhtRequest, DhtResult, Wakeup } from './dht-machine.ts'
import { RequestLedger } from './request-ledger.ts'

/** Options of a registration. */
export interface RegistrationOptions {
  readonly key: string
  readonly ttlSeconds: number
}

/** A value of one key, or nothing, as its owner wants it; made true in the DHT. */
export class Registration implements DhtMachine {
  readonly #random: Random
  readonly #log: Log
  readonly #options: RegistrationOptions
  readonly #ledger = new RequestLedger()
  #value: Uint8Array | undefined
  #nextAt = Number.POSITIVE_INFINITY
  #failures = 0
  #lastPutAt = Number.NEGATIVE_INFINITY
  #isStored = false

  constructor(modules: { random: Random; log: Log }, options: RegistrationOptions) {
    this.#random = modules.random
    this.#log = modules.log
    this.#options = options
  }

  /** Whether the DHT acknowledged the present value. */
  get isStored(): boolean {
    return this.#isStored
  }

  /** Changes the value; undefined takes it out. */
  set(value: Uint8Array | undefined, now: Instant): void {
    const { key } = this.#options
    if (this.#value !== undefined && !(value !== undefined && isSame(this.#value, value))) {
      this.#ledger.request({ kind: 'release', key, value: this.#value })
    }
    this.#ledger.abandon()
    this.#value = value
    this.#isStored = false
    this.#failures = 0
    this.#nextAt = value === undefined ? Number.POSITIVE_INFINITY : now
  }

  /** Takes note that the ring around the node changed. */
  handleRingChanged(now: Instant): void {
    if (this.#value === undefined) return
    const earliest = this.#lastPutAt + LEASE_REASSERT_INTERVAL_MIN_MS
    this.#nextAt = Math.min(
      this.#nextAt,
      Math.max(now + this.#jittered(LEASE_REASSERT_MS), earliest),
    )
  }

  /** Returns the next request to make. */
  pollRequest(): DhtRequest | undefined {
    return this.#ledger.poll()
  }

  /** Returns when something is due. */
  pollTimeout(): Wakeup | undefined {
    const at = this.#ledger.isPending ? this.#ledger.deadline : this.#nextAt
    return { at, reason: `register ${this.#options.key}` }
  }

  /** Stores or renews the value when that is due. */
  handleTimeout(now: Instant): void {
    if (this.#ledger.expire(now) !== undefined) this.#retry(now)
    if (this.#ledger.isPending || this.#nextAt > now || this.#value === undefined) return
    const { key, ttlSeconds } = this.#options
    this.#lastPutAt = now
    this.#nextAt = Number.POSITIVE_INFINITY
    this.#ledger.send({ kind: 'put', key, value: this.#value, ttlSeconds }, now)
  }

  /** Takes the result of request `id`. */
  handleResult(id: number, result: DhtResult, now: Instant): void {
    this.#ledger.takeAbandoned(id)
    const request = this.#ledger.take(id)
    if (request === undefined) return
    if (result.kind !== 'done') return this.#retry(now)
    if (!this.#isStored) this.#log.write('debug', 'value registered', { key: this.#options.key })
    this.#isStored = true
    this.#failures = 0
    const half = this.#options.ttlSeconds * 500
    this.#nextAt = Math.min(
      this.#nextAt,
      request.sentAt + half * (0.9 + 0.1 * this.#random.float()),
    )
  }

  #retry(now: Instant): void {
    const pause = REGISTRATION_RETRY_MIN_MS * 2 ** Math.min(this.#failures, 8)
    this.#failures += 1
    this.#nextAt = now + this.#jittered(Math.min(pause, REGISTRATION_RETRY_MAX_MS))
  }

  #jittered(ms: number): number {
    return ms * (0.75 + 0.5 * this.#random.float())
  }
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}

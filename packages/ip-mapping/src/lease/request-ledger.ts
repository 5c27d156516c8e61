/** Numbers DHT requests, notices missing answers, and remembers what was given up. */
import type { Instant } from '@ipop/runtime'
import { ABANDONED_REQUESTS_MAX, DHT_OPERATION_TIMEOUT_MS } from '../limits.ts'
import type { DhtRequest } from './dht-machine.ts'

/** A request without its number. */
export type UnnumberedRequest = DhtRequest extends infer R
  ? R extends DhtRequest
    ? Omit<R, 'id'>
    : never
  : never

/** A request that is under way. */
export type PendingRequest = DhtRequest & { readonly sentAt: Instant }

/** One pending request at a time, plus any number that nobody waits for. */
export class RequestLedger {
  readonly #outbox: DhtRequest[] = []
  readonly #abandoned = new Map<number, DhtRequest>()
  #pending: PendingRequest | undefined
  #nextId = 1

  /** Whether an answer is awaited. */
  get isPending(): boolean {
    return this.#pending !== undefined
  }

  /** When the pending request counts as failed. */
  get deadline(): Instant {
    return (this.#pending?.sentAt ?? Number.POSITIVE_INFINITY) + DHT_OPERATION_TIMEOUT_MS
  }

  /** Queues a request whose answer is awaited; an older one is abandoned. */
  send(request: UnnumberedRequest, now: Instant): void {
    this.abandon()
    const numbered = this.request(request)
    this.#pending = { ...numbered, sentAt: now }
  }

  /** Queues a request nobody waits for. */
  request(request: UnnumberedRequest): DhtRequest {
    const numbered = { ...request, id: this.#nextId } as DhtRequest
    this.#nextId += 1
    this.#outbox.push(numbered)
    return numbered
  }

  /** Stops waiting for the pending request, but remembers it in case it succeeds. */
  abandon(): void {
    if (this.#pending === undefined) return
    if (this.#abandoned.size >= ABANDONED_REQUESTS_MAX) {
      const oldest = this.#abandoned.keys().next()
      if (oldest.done !== true) this.#abandoned.delete(oldest.value)
    }
    this.#abandoned.set(this.#pending.id, this.#pending)
    this.#pending = undefined
  }

  /** Abandons the pending request when its time is over and returns it. */
  expire(now: Instant): PendingRequest | undefined {
    const pending = this.#pending
    if (pending === undefined || this.deadline > now) return undefined
    this.abandon()
    return pending
  }

  /** Returns the pending request when it has this number, and stops waiting for it. */
  take(id: number): PendingRequest | undefined {
    const pending = this.#pending
    if (pending?.id !== id) return undefined
    this.#pending = undefined
    return pending
  }

  /** Returns the abandoned request with this number and forgets it. */
  takeAbandoned(id: number): DhtRequest | undefined {
    const request = this.#abandoned.get(id)
    this.#abandoned.delete(id)
    return request
  }

  /** Returns the next request to make. */
  poll(): DhtRequest | undefined {
    return this.#outbox.shift()
  }
}

/** The lease of one virtual IP address, held in the DHT (states as RFC 2131 names them). */
import type { Instant, Log, Random } from '@ipop/runtime'
import { formatIpv4, type Ipv4 } from '../ip/ipv4-address.ts'
import { addressValue, leaseKey } from '../keys.ts'
import { LEASE_CANDIDATES_PER_ROUND_MAX, LEASE_HOLD_DOWN_MS, LEASE_TAKEN_MS } from '../limits.ts'
import { Candidates } from './candidates.ts'
import type { DhtMachine, DhtRequest, DhtResult, Wakeup } from './dht-machine.ts'
import {
  heldFields,
  heldOf,
  isOnlyOwn,
  type Held,
  type LeaseEvent,
  type LeaseOptions,
  type LeaseState,
} from './lease-state.ts'
import { LeaseTiming } from './lease-timing.ts'
import { RequestLedger } from './request-ledger.ts'

/** Gets, keeps and gives back one address. */
export class Lease implements DhtMachine {
  readonly #timing: LeaseTiming
  readonly #log: Log
  readonly #options: LeaseOptions
  readonly #candidates: Candidates
  readonly #value: Uint8Array
  readonly #ledger = new RequestLedger()
  readonly #events: LeaseEvent[] = []
  #state: LeaseState
  #preferred: Ipv4 | undefined
  #reassertAt = Number.POSITIVE_INFINITY
  #lastClaimAt = Number.NEGATIVE_INFINITY

  constructor(modules: { random: Random; log: Log }, options: LeaseOptions, now: Instant) {
    this.#timing = new LeaseTiming(modules, options)
    this.#log = modules.log
    this.#options = options
    this.#candidates = new Candidates({ random: modules.random }, { network: options.network })
    this.#value = addressValue(options.self)
    this.#preferred = options.mode.kind === 'static' ? options.mode.ip : options.mode.previous
    this.#state = { kind: 'discovering', retryAt: now, round: 0 }
  }

  /** Where the lease stands. */
  get state(): LeaseState {
    return this.#state
  }

  /** The address that may be used now. */
  get ip(): Ipv4 | undefined {
    return heldOf(this.#state)?.ip
  }

  /** Takes note that the ring around the node changed: the claim may have gone to nodes that are no longer responsible. */
  handleRingChanged(now: Instant): void {
    if (this.#state.kind === 'released') return
    const at = this.#timing.reassertAt(this.#lastClaimAt, now)
    this.#reassertAt = Math.min(this.#reassertAt, at)
  }

  /** Makes `ip` the first address to ask for, as long as none is held. */
  prefer(ip: Ipv4, now: Instant): void {
    if (this.#options.mode.kind === 'static' || this.#state.kind !== 'discovering') return
    if (this.#candidates.isAllowed(ip, now)) this.#preferred = ip
  }

  /** Gives up the held address because the host found it in use on its own link (RFC 2131 DHCPDECLINE). */
  decline(now: Instant): void {
    const held = heldOf(this.#state)
    if (held === undefined || this.#options.mode.kind === 'static') return
    this.#ledger.abandon()
    this.#ledger.request({ kind: 'release', ...this.#entry(held.ip) })
    this.#lose(held.ip, 'declined', now)
  }

  /** Gives the address back for good. */
  release(): void {
    const held = heldOf(this.#state)
    const ip = held?.ip ?? (this.#state.kind === 'requesting' ? this.#state.ip : undefined)
    this.#ledger.abandon()
    if (ip !== undefined) this.#ledger.request({ kind: 'release', ...this.#entry(ip) })
    if (held !== undefined) this.#events.push({ kind: 'lost', ip: held.ip, cause: 'released' })
    this.#transition({ kind: 'released' }, 'release')
  }

  /** Returns the next request to make. */
  pollRequest(): DhtRequest | undefined {
    return this.#ledger.poll()
  }

  /** Returns the next event. */
  pollEvent(): LeaseEvent | undefined {
    return this.#events.shift()
  }

  /** Returns when something is due. */
  pollTimeout(): Wakeup | undefined {
    const state = this.#state
    if (state.kind === 'released') return undefined
    let at = this.#ledger.deadline
    const held = heldOf(state)
    if (held !== undefined) at = Math.min(at, held.expiresAt)
    if (!this.#ledger.isPending) at = Math.min(at, this.#nextStepAt(state))
    return { at, reason: `lease ${state.kind}` }
  }

  /** Does what is due. */
  handleTimeout(now: Instant): void {
    const overdue = this.#ledger.expire(now)
    if (overdue !== undefined) this.#handleFailure(now, 'no answer')
    const held = heldOf(this.#state)
    if (held !== undefined && held.expiresAt <= now) this.#expire(held, now)
    if (this.#ledger.isPending) return
    if (this.#state.kind !== 'released' && this.#nextStepAt(this.#state) <= now) this.#step(now)
  }

  /** Takes the result of request `id`. */
  handleResult(id: number, result: DhtResult, now: Instant): void {
    const abandoned = this.#ledger.takeAbandoned(id)
    if (abandoned !== undefined) return this.#handleLate(abandoned, result)
    const request = this.#ledger.take(id)
    if (request === undefined) return
    if (request.kind === 'get') return this.#handleVerified(result, now)
    if (request.kind !== 'create') return
    if (result.kind === 'done') return this.#handleClaimed(request.sentAt, now)
    if (result.kind === 'exists') return this.#handleTaken(now)
    this.#handleFailure(now, result.kind === 'failed' ? result.reason : result.kind)
  }

  #nextStepAt(state: Exclude<LeaseState, { kind: 'released' }>): Instant {
    if (state.kind === 'bound') return Math.min(state.renewAt, state.verifyAt, this.#reassertAt)
    if (state.kind === 'discovering') return state.retryAt
    return Math.min(state.retryAt, this.#reassertAt)
  }

  #step(now: Instant): void {
    const state = this.#state
    switch (state.kind) {
      case 'discovering':
        return this.#discover(state.round, 0, now)
      case 'requesting':
        return this.#claim(state.ip, now)
      case 'bound':
        if (Math.min(state.renewAt, this.#reassertAt) > now) return this.#verify(state.ip, now)
        this.#transition({ ...heldFields(state), kind: 'renewing', retryAt: now }, 'renewal is due')
        return this.#claim(state.ip, now)
      case 'renewing':
        if (state.rebindAt <= now) {
          this.#transition({ ...heldFields(state), kind: 'rebinding', retryAt: now }, 'not renewed')
        }
        return this.#claim(state.ip, now)
      case 'rebinding':
        return this.#claim(state.ip, now)
      case 'released':
        return undefined
    }
  }

  #discover(round: number, taken: number, now: Instant): void {
    const ip = this.#choose(now)
    if (ip === undefined || taken >= LEASE_CANDIDATES_PER_ROUND_MAX) {
      this.#events.push({ kind: 'exhausted', round })
      const retryAt = this.#timing.retryAt(round, now)
      this.#transition({ kind: 'discovering', retryAt, round: round + 1 }, 'no free address found')
      return
    }
    this.#transition(
      { kind: 'requesting', ip, retryAt: now, failures: 0, taken },
      'candidate chosen',
    )
    this.#claim(ip, now)
  }

  #choose(now: Instant): Ipv4 | undefined {
    const preferred = this.#preferred
    if (this.#options.mode.kind === 'static') return preferred
    this.#preferred = undefined
    if (preferred !== undefined && this.#candidates.isAllowed(preferred, now)) return preferred
    return this.#candidates.next(now)
  }

  #claim(ip: Ipv4, now: Instant): void {
    this.#lastClaimAt = now
    this.#reassertAt = Number.POSITIVE_INFINITY
    const ttlSeconds = this.#options.leaseSeconds
    this.#ledger.send({ kind: 'create', ...this.#entry(ip), ttlSeconds }, now)
  }

  #verify(ip: Ipv4, now: Instant): void {
    this.#ledger.send({ kind: 'get', key: this.#entry(ip).key }, now)
  }

  #handleClaimed(sentAt: Instant, now: Instant): void {
    const state = this.#state
    if (state.kind === 'discovering' || state.kind === 'released') return
    const { ip } = state
    const held = this.#timing.held(ip, sentAt)
    const isNew = state.kind === 'requesting'
    this.#transition(
      { ...held, kind: 'bound', verifyAt: this.#timing.verifyAt(now) },
      'claim stored',
    )
    this.#events.push({ kind: isNew ? 'acquired' : 'renewed', ip, expiresAt: held.expiresAt })
  }

  /** Another node holds the key by the DHT's rule. */
  #handleTaken(now: Instant): void {
    const state = this.#state
    if (state.kind === 'discovering' || state.kind === 'released') return
    const { ip } = state
    const wasHeld = state.kind !== 'requesting'
    const isStatic = this.#options.mode.kind === 'static'
    if (wasHeld || isStatic) this.#events.push({ kind: 'conflict', ip, wasHeld })
    if (wasHeld) {
      // Copies of the lost claim may be left on some replicas, where they would confuse resolvers.
      this.#ledger.request({ kind: 'release', ...this.#entry(ip) })
      return this.#lose(ip, 'conflict', now)
    }
    if (isStatic) {
      const retryAt = this.#timing.staticRetryAt(now)
      this.#transition({ ...state, retryAt, failures: 0 }, 'static address is taken')
      return
    }
    this.#candidates.exclude(ip, now + LEASE_TAKEN_MS)
    this.#discover(0, state.taken + 1, now)
  }

  /** The outcome of a failed claim is unknown, so the same address is asked for again: moving on would leak it. */
  #handleFailure(now: Instant, reason: string): void {
    const state = this.#state
    this.#log.write('debug', 'lease request failed', { state: state.kind, reason })
    switch (state.kind) {
      case 'requesting': {
        const retryAt = this.#timing.retryAt(state.failures, now)
        this.#state = { ...state, retryAt, failures: state.failures + 1 }
        return
      }
      case 'bound':
        this.#state = { ...state, verifyAt: this.#timing.verifyAt(now) }
        return
      case 'renewing': {
        const retryAt = Math.min(this.#timing.renewRetryAt(now), Math.max(state.rebindAt, now + 1))
        this.#state = { ...state, retryAt }
        return
      }
      case 'rebinding':
        this.#state = { ...state, retryAt: this.#timing.rebindRetryAt(now) }
        return
      case 'discovering':
      case 'released':
    }
  }

  #handleVerified(result: DhtResult, now: Instant): void {
    const state = this.#state
    if (state.kind !== 'bound') return
    if (result.kind !== 'values') return this.#handleFailure(now, result.kind)
    const verifyAt = this.#timing.verifyAt(now)
    this.#state = { ...state, verifyAt }
    // Nothing stored, or somebody else: claiming again makes the DHT decide, and tells which of us keeps it.
    if (!isOnlyOwn(result.values, this.#options.self)) this.#reassertAt = now
  }

  /** A request that had been given up succeeded after all: nobody uses that address, so it goes back. */
  #handleLate(request: DhtRequest, result: DhtResult): void {
    if (request.kind !== 'create' || result.kind !== 'done') return
    const state = this.#state
    const current = 'ip' in state ? this.#entry(state.ip).key : undefined
    if (request.key === current) return
    this.#ledger.request({ kind: 'release', key: request.key, value: request.value })
  }

  #expire(held: Held, now: Instant): void {
    this.#ledger.abandon()
    this.#events.push({ kind: 'lost', ip: held.ip, cause: 'expired' })
    this.#preferred = held.ip
    this.#transition({ kind: 'discovering', retryAt: now, round: 0 }, 'lease expired')
  }

  #lose(ip: Ipv4, cause: 'conflict' | 'declined', now: Instant): void {
    this.#events.push({ kind: 'lost', ip, cause })
    this.#candidates.exclude(ip, now + LEASE_HOLD_DOWN_MS)
    const isStatic = this.#options.mode.kind === 'static'
    const retryAt = isStatic ? this.#timing.staticRetryAt(now) : now
    this.#transition({ kind: 'discovering', retryAt, round: 0 }, cause)
  }

  #entry(ip: Ipv4): { key: string; value: Uint8Array } {
    return { key: leaseKey(this.#options.namespace, ip), value: this.#value }
  }

  #transition(to: LeaseState, cause: string): void {
    const ip = 'ip' in to ? formatIpv4(to.ip) : undefined
    this.#log.write('debug', 'lease state', { from: this.#state.kind, to: to.kind, cause, ip })
    this.#state = to
  }
}

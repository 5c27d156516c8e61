/** Virtual IP address to node address: IPv4 by the lease table in the DHT, IPv6 by the place on the ring that it names. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Instant, Log, Random } from '@ipop/runtime'
import { formatIp, type IpAddress } from '../ip/ip-address.ts'
import { Ipv6Network } from '../ip/ipv6-network.ts'
import { leaseKey, readAddressValue } from '../keys.ts'
import type {
  DhtMachine,
  DhtRequest,
  DhtResult,
  NodeRequest,
  Wakeup,
} from '../lease/dht-machine.ts'
import {
  DHT_OPERATION_TIMEOUT_MS,
  DHT_VALUES_CONSIDERED_MAX,
  RESOLVER_ATTEMPTS_MAX,
  RESOLVER_FRESH_MAX_MS,
  RESOLVER_NEGATIVE_MAX_MS,
  RESOLVER_NEGATIVE_MIN_MS,
  RESOLVER_QUERIES_MAX,
  RESOLVER_QUEUE_MAX,
  RESOLVER_RECHECK_MS,
  RESOLVER_REFRESH_FRACTION,
} from '../limits.ts'
import type { StoredValue } from '../services.ts'
import { MappingTable, type Mapping } from './mapping-table.ts'

/** What the resolver can say at once. */
export type Resolution =
  | { readonly kind: 'known'; readonly address: Address }
  /** Nobody holds the address, as far as a recent lookup could tell. */
  | { readonly kind: 'nobody' }
  /** A lookup is under way; an event tells its outcome. */
  | { readonly kind: 'pending' }

/** What the resolver found out. */
export type ResolverEvent =
  | { readonly kind: 'resolved'; readonly ip: IpAddress; readonly address: Address }
  | { readonly kind: 'unresolved'; readonly ip: IpAddress; readonly reason: 'nobody' | 'failed' }
  /** A mapping is no longer valid. */
  | { readonly kind: 'dropped'; readonly ip: IpAddress }

interface Query {
  readonly id: number
  readonly startedAt: Instant
  readonly attempt: number
}

interface Holder {
  readonly address: Address
  readonly ttlMs: number
}

/** Answers from its cache, and asks once per address at a time. */
export class AddressResolver implements DhtMachine {
  readonly #random: Random
  readonly #log: Log
  readonly #namespace: string
  readonly #ipv6: Ipv6Network
  readonly #table = new MappingTable()
  readonly #queries = new Map<IpAddress, Query>()
  readonly #ipOfQuery = new Map<number, IpAddress>()
  readonly #waiting: IpAddress[] = []
  readonly #outbox: (DhtRequest | NodeRequest)[] = []
  readonly #events: ResolverEvent[] = []
  #nextId = 1

  constructor(modules: { random: Random; log: Log }, options: { namespace: string }) {
    this.#random = modules.random
    this.#log = modules.log
    this.#namespace = options.namespace
    this.#ipv6 = new Ipv6Network(options.namespace)
  }

  /** Returns who holds `ip`; starts a lookup when that is not known or will soon be stale. */
  resolve(ip: IpAddress, now: Instant): Resolution {
    const mapping = this.#table.use(ip)
    if (mapping === undefined || mapping.expiresAt <= now) {
      if (mapping?.address !== undefined) this.#drop(ip)
      return this.#ask(ip, now) ? { kind: 'pending' } : { kind: 'nobody' }
    }
    if (mapping.address === undefined) return { kind: 'nobody' }
    if (mapping.refreshAt <= now) this.#ask(ip, now)
    return { kind: 'known', address: mapping.address }
  }

  /** Returns who holds `ip` if that is known, without any effect. */
  peek(ip: IpAddress, now: Instant): Address | undefined {
    const mapping = this.#table.peek(ip)
    return mapping !== undefined && mapping.expiresAt > now ? mapping.address : undefined
  }

  /** Takes note of who holds `ip`, as a session proved; saves the lookup. */
  note(ip: IpAddress, address: Address, now: Instant): void {
    const mapping = this.#table.peek(ip)
    if (mapping?.address?.equals(address) === true && mapping.refreshAt > now) return
    this.#learn(ip, { address, ttlMs: RESOLVER_FRESH_MAX_MS }, now)
  }

  /** Drops a mapping that was proved wrong; the next use looks it up again. */
  invalidate(ip: IpAddress): void {
    const mapping = this.#table.peek(ip)
    if (mapping !== undefined) this.#drop(ip)
  }

  /** Drops what names `peer`: it went away, and its address may be somebody else's by the time it is used again. */
  forgetPeer(peer: Address): void {
    for (const [ip, mapping] of [...this.#table.entries()])
      if (mapping.address?.equals(peer) === true) this.#drop(ip)
  }

  /**
   * Looks `ip` up again because something contradicts the mapping; returns whether an answer is coming. The mapping
   * stays until then: anyone can send a packet that contradicts it, and must not be able to interrupt traffic.
   */
  recheck(ip: IpAddress, now: Instant): boolean {
    if (this.#queries.has(ip)) return true
    const mapping = this.#table.peek(ip)
    if (mapping !== undefined && now - mapping.checkedAt < RESOLVER_RECHECK_MS) return false
    return this.#ask(ip, now)
  }

  /** Lists the mappings that name a node, for display. */
  *mappings(now: Instant): Generator<{ ip: IpAddress; address: Address; expiresAt: Instant }> {
    for (const [ip, { address, expiresAt }] of this.#table.entries()) {
      if (address !== undefined && expiresAt > now) yield { ip, address, expiresAt }
    }
  }

  /** Returns the next request to make. */
  pollRequest(): DhtRequest | NodeRequest | undefined {
    return this.#outbox.shift()
  }

  /** Returns the next event. */
  pollEvent(): ResolverEvent | undefined {
    return this.#events.shift()
  }

  /** Returns when the oldest lookup counts as failed. */
  pollTimeout(): Wakeup | undefined {
    const oldest = this.#queries.values().next()
    if (oldest.done === true) return undefined
    return { at: oldest.value.startedAt + DHT_OPERATION_TIMEOUT_MS, reason: 'address lookup' }
  }

  /** Gives up lookups without an answer. */
  handleTimeout(now: Instant): void {
    for (const [ip, query] of [...this.#queries]) {
      if (query.startedAt + DHT_OPERATION_TIMEOUT_MS > now) break
      this.#end(ip, query)
      this.#fail(ip, RESOLVER_ATTEMPTS_MAX, now)
    }
    this.#startWaiting(now)
  }

  /** Takes the result of request `id`. */
  handleResult(id: number, result: DhtResult, now: Instant): void {
    const ip = this.#ipOfQuery.get(id)
    const query = ip === undefined ? undefined : this.#queries.get(ip)
    if (ip === undefined || query === undefined) return
    this.#end(ip, query)
    const answer = this.#answerIn(result, ip)
    if (answer !== undefined) this.#learn(ip, answer.holder, now)
    else this.#fail(ip, query.attempt, now)
    this.#startWaiting(now)
  }

  #ask(ip: IpAddress, now: Instant): boolean {
    if (this.#queries.has(ip) || this.#waiting.includes(ip)) return true
    if (this.#queries.size >= RESOLVER_QUERIES_MAX) {
      if (this.#waiting.length >= RESOLVER_QUEUE_MAX) return false
      this.#waiting.push(ip)
      return true
    }
    this.#start(ip, 1, now)
    return true
  }

  #start(ip: IpAddress, attempt: number, now: Instant): void {
    const id = this.#nextId
    this.#nextId += 1
    this.#queries.set(ip, { id, startedAt: now, attempt })
    this.#ipOfQuery.set(id, ip)
    this.#outbox.push({ id, ...this.#questionAbout(ip) })
  }

  #questionAbout(ip: IpAddress) {
    if (typeof ip === 'number') return { kind: 'get', key: leaseKey(this.#namespace, ip) } as const
    const isWanted = (node: Address) => this.#ipv6.isOf(ip, node)
    return { kind: 'find', position: this.#ipv6.positionOf(ip), isWanted } as const
  }

  /** Returns whom a result names; undefined when it says nothing. */
  #answerIn(result: DhtResult, ip: IpAddress): { holder: Holder | undefined } | undefined {
    if (result.kind === 'values') return { holder: holderAmong(result.values) }
    if (result.kind !== 'node' || typeof ip === 'number') return undefined
    const { address } = result
    const isHolder = address !== undefined && this.#ipv6.isOf(ip, address)
    return { holder: isHolder ? { address, ttlMs: RESOLVER_FRESH_MAX_MS } : undefined }
  }

  #end(ip: IpAddress, query: Query): void {
    this.#queries.delete(ip)
    this.#ipOfQuery.delete(query.id)
  }

  #startWaiting(now: Instant): void {
    while (this.#queries.size < RESOLVER_QUERIES_MAX) {
      const ip = this.#waiting.shift()
      if (ip === undefined) return
      this.#start(ip, 1, now)
    }
  }

  #learn(ip: IpAddress, holder: Holder | undefined, now: Instant): void {
    const before = this.#table.peek(ip)
    if (before?.address !== undefined && !(holder?.address.equals(before.address) ?? false)) {
      this.#log.write('debug', 'mapping was wrong', { ip: formatIp(ip) })
      this.#drop(ip)
    }
    if (holder === undefined) {
      const misses = (before?.misses ?? 0) + 1
      const pause = RESOLVER_NEGATIVE_MIN_MS * 2 ** Math.min(misses - 1, 10)
      this.#store(ip, undefined, Math.min(pause, RESOLVER_NEGATIVE_MAX_MS), misses, now)
      this.#events.push({ kind: 'unresolved', ip, reason: 'nobody' })
      return
    }
    this.#store(ip, holder.address, Math.min(holder.ttlMs, RESOLVER_FRESH_MAX_MS), 0, now)
    this.#events.push({ kind: 'resolved', ip, address: holder.address })
  }

  /** A failed lookup says nothing about the mapping: a valid one is kept and asked about again soon. */
  #fail(ip: IpAddress, attempt: number, now: Instant): void {
    const mapping = this.#table.peek(ip)
    if (mapping?.address !== undefined && mapping.expiresAt > now) {
      const refreshAt = now + RESOLVER_RECHECK_MS
      this.#table.set(ip, { ...mapping, refreshAt, checkedAt: now })
      this.#events.push({ kind: 'resolved', ip, address: mapping.address })
      return
    }
    if (attempt < RESOLVER_ATTEMPTS_MAX) return this.#start(ip, attempt + 1, now)
    this.#store(ip, undefined, RESOLVER_NEGATIVE_MIN_MS, mapping?.misses ?? 0, now)
    this.#events.push({ kind: 'unresolved', ip, reason: 'failed' })
  }

  #store(
    ip: IpAddress,
    address: Address | undefined,
    lifeMs: number,
    misses: number,
    now: Instant,
  ): void {
    const spread = 0.9 + 0.1 * this.#random.float()
    const mapping: Mapping = {
      address,
      expiresAt: now + lifeMs,
      refreshAt: now + lifeMs * RESOLVER_REFRESH_FRACTION * spread,
      checkedAt: now,
      misses,
    }
    const evicted = this.#table.set(ip, mapping)
    if (evicted !== undefined) this.#events.push({ kind: 'dropped', ip: evicted })
  }

  #drop(ip: IpAddress): void {
    const hadAddress = this.#table.peek(ip)?.address !== undefined
    this.#table.delete(ip)
    if (hadAddress) this.#events.push({ kind: 'dropped', ip })
  }
}

/**
 * The holder is the first node that claims the key for itself: a value signed by one node and naming another would
 * let anyone take somebody's address away.
 */
function holderAmong(values: readonly StoredValue[]): Holder | undefined {
  for (const stored of values.slice(0, DHT_VALUES_CONSIDERED_MAX)) {
    const address = readAddressValue(stored.value)
    if (address instanceof Malformed || !address.equals(stored.owner)) continue
    if (!(stored.ttlSeconds > 0)) continue
    return { address, ttlMs: stored.ttlSeconds * 1_000 }
  }
  return undefined
}

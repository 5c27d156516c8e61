/** Tells neighbours about each other until everybody knows who is nearest. */
import type { Address } from '@ipop/address'
import type { CborValue } from '@ipop/codec'
import { Malformed } from '@ipop/codec'
import type { Instant, Log } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { PROXY_PATIENCE_MS, PROXY_ROUND_TRIPS } from '../limits.ts'
import {
  EXCHANGE_ALL_MIN_MS,
  EXCHANGE_ALL_MS,
  EXCHANGE_PEERS_MAX,
  EXCHANGE_TIMEOUT_MS,
} from './limits.ts'
import type { RequestReply } from '../messaging/request-reply.ts'
import { RoutingMode } from '../wire/overlay-packet.ts'
import type { HeldHints, RingExchange } from '../wire/ring-exchange.ts'
import {
  decodeProxyReply,
  decodeRingExchange,
  encodeProxyCall,
  encodeRingExchange,
} from '../wire/ring-exchange.ts'
import {
  ExchangeMemory,
  isTooSoon,
  keysOf,
  settled,
  type Told,
  without,
} from './exchange-memory.ts'
import type { BriefPeers } from './brief-peers.ts'
import { ExchangeShorthand } from './exchange-shorthand.ts'
import { StatedList } from './small-lists.ts'
import {
  ExchangeNews,
  type ExchangeReason,
  type ExchangeState,
  type News,
} from './exchange-news.ts'
import type { NearNeighbors } from './near-neighbors.ts'

/** Who is told what an exchange brought. */
export interface ExchangeListener {
  /** Handles what a peer told; `isFirstHand` where nobody carried it. */
  learn(exchange: RingExchange, options: { isFirstHand: boolean }): void
}

/** The exchange protocol of one node. */
export class Exchanger {
  readonly #table: ConnectionTable
  readonly #calls: RequestReply
  readonly #log: Log
  readonly #ownHint: () => PeerHint
  readonly #incarnation: number
  readonly #listener: ExchangeListener
  readonly #briefs: BriefPeers
  readonly #news: ExchangeNews
  readonly #memory = new ExchangeMemory()
  readonly #shorthand = new ExchangeShorthand()
  /** Whether the node's own address was ever looked up with success. */
  hasLookedUp = false

  constructor(modules: {
    table: ConnectionTable
    calls: RequestReply
    log: Log
    ownHint: () => PeerHint
    /** Tells this life of the node from those before it. */
    incarnation: number
    /** Whom neighbours call theirs, and how far they lie. */
    near: Pick<NearNeighbors, 'claimOf' | 'span'>
    briefs: BriefPeers
    listener: ExchangeListener
  }) {
    this.#table = modules.table
    this.#calls = modules.calls
    this.#log = modules.log
    this.#ownHint = modules.ownHint
    this.#incarnation = modules.incarnation
    this.#briefs = modules.briefs
    this.#news = new ExchangeNews({ ...modules, memory: this.#memory })
    this.#listener = modules.listener
  }

  /** Returns what this node tells `peer`: itself, its neighbours, and the connected peers nearest to `peer`. */
  tell(peer: Address): RingExchange {
    return this.#naming(this.#news.ofUseTo(peer))
  }

  /** Returns what this node answers to `exchange`: to a difference only whom the peer lacks as a neighbour; in full where a proxy carries it. */
  answer(
    exchange: RingExchange,
    { revision, now }: Omit<ExchangeState, 'isPatient'>,
    { isFirstHand }: { isFirstHand: boolean },
  ): RingExchange {
    const { address } = exchange.from
    const isConnected = isFirstHand && this.#table.get(address) !== undefined
    if (isConnected) this.#hear(exchange)
    const owed = this.#briefs.owe(address, exchange.wanted)
    if (exchange.withdrawn) {
      const isMissed = (other: Address) => this.#news.isMissedBy(address, other, exchange)
      const missed = this.#news.ofUseTo(address).filter((peer) => isMissed(peer.address))
      const answer = { ...this.#naming([...new Set([...missed, ...owed])]), withdrawn: [] }
      return isConnected
        ? this.#inShort(address, answer, now)
        : this.#briefs.abbreviate(address, answer, now)
    }
    if (!isConnected)
      return without(this.#naming(this.#news.ofUseToStranger(address)), keysOf(exchange.peers))
    const answer = without(this.tell(address), keysOf(exchange.peers))
    this.#memory.tell(address, this.#toldAll(address, answer, revision, now))
    return this.#inShort(address, answer, now)
  }

  /**
   * Exchanges with a connected peer; where it is about news, only if there are any, and they cannot wait. Returns whether it
   * was sent something.
   */
  exchangeWith({ address }: Connection, reason: ExchangeReason, state: ExchangeState): boolean {
    const { revision, now } = state
    const last = this.#memory.told(address)
    if (reason === 'news' && last?.revision === revision) return false
    const allAfterMs = reason === 'all' ? EXCHANGE_ALL_MIN_MS : Number.POSITIVE_INFINITY
    if (last === undefined || now - last.allAt >= allAfterMs) {
      this.#tellAll(address, reason, state)
      return true
    }
    const peers = this.#news.ofUseTo(address)
    const fresh = this.#news.fresh(address, last, peers)
    const news = { peers: keysOf(peers), fresh, side: this.#news.sideOf(address) }
    if (reason === 'news' && this.#keepForLater(address, last, news, state)) return false
    if (now - last.allAt >= EXCHANGE_ALL_MS) this.#tellAll(address, reason, state)
    else this.#tellDifference(address, last, news, state)
    return true
  }

  /** Returns whether there is nothing to tell now, and takes note of what there is. */
  #keepForLater(
    address: Address,
    last: Told,
    { peers, side, fresh }: News,
    { revision, isPatient, now }: ExchangeState,
  ): boolean {
    if (!isPatient && isTooSoon(last, side, now)) return true
    const hasToWithdraw = this.#news.hasToWithdraw(address, last, peers, now)
    if (last.side === side && fresh.length === 0 && !hasToWithdraw) {
      this.#memory.tell(address, settled(last, peers, revision))
      return true
    }
    const isUrgent = last.side !== side || hasToWithdraw || this.#news.isUrgent(address, fresh)
    const newsSince = last.newsSince ?? now
    const isEarly = now - newsSince < this.#news.patienceMs(address)
    if (!isPatient || isUrgent || !isEarly) return false
    this.#memory.tell(address, { ...last, newsSince })
    return true
  }

  #tellAll(address: Address, reason: ExchangeReason, { revision, now }: ExchangeState): void {
    const exchange = this.tell(address)
    const heard = reason === 'all' ? undefined : this.#memory.heard(address)
    const told = heard ? without(exchange, heard) : exchange
    this.#memory.tell(address, this.#toldAll(address, told, revision, now))
    this.#askBriefly(address, told, now)
  }

  /** Names those that the peer has not heard of, and withdraws those that it has and that are gone. */
  #tellDifference(
    address: Address,
    last: Told,
    { peers, side, fresh }: News,
    { revision, now }: ExchangeState,
  ): void {
    const before = last.stated.all()
    const gone = before.filter((one) => !peers.has(one.address.key)).slice(0, EXCHANGE_PEERS_MAX)
    const added = fresh.map((peer) => ({ address: peer.address, since: now }))
    const stated = new StatedList([...before.filter((one) => !gone.includes(one)), ...added])
    this.#memory.tell(address, { ...settled(last, peers, revision), stated, side, at: now })
    const withdrawn = gone.map((one) => one.address)
    this.#askBriefly(address, { ...this.#naming(fresh), withdrawn }, now)
  }

  #askBriefly(address: Address, exchange: RingExchange, now: Instant): void {
    this.#call(address, this.#inShort(address, exchange, now)).catch((error: unknown) => {
      this.#memory.untell(address)
      if (this.#table.get(address)) this.#shorthand.repeat(address)
      this.#log.write('debug', 'exchange failed', { peer: address.toString(), error })
    })
  }

  /** Lets a connected peer exchange, in this node's name, with both neighbours of this node's address. */
  lookUpSelf(via: Connection, isInRing: boolean): void {
    const { self } = this.#table
    if (isInRing) return this.#lookUp(via, this.tell(self))
    // The ring knows its members.
    const isOfUse = (leaf: Connection) => !leaf.wasInRing && !leaf.isPeerInRing
    this.#lookUp(via, this.#naming(this.#news.ofUseTo(self).filter(isOfUse)))
  }

  /** The same for a node that knows its neighbours: they are told of those that are nearer only, if there are any. */
  lookUpNearer(via: Connection): void {
    this.#lookUp(via, { ...this.#naming([]), withdrawn: [] })
  }

  #lookUp(via: Connection, exchange: RingExchange): void {
    const proxy = encodeProxyCall({
      target: this.#table.self,
      mode: RoutingMode.both,
      method: 'ring.exchange',
      args: encodeRingExchange(exchange),
    })
    const patienceMs = PROXY_PATIENCE_MS + PROXY_ROUND_TRIPS * (via.rttMs ?? 0)
    this.#calls
      .call(via.address, 'ring.proxy', proxy, { patienceMs })
      .then((replies) => {
        for (const { result } of replies) this.#learnAll(decodeProxyReply(result))
        if (via.wasInRing && !this.hasLookedUp) this.#briefs.arrived()
        this.hasLookedUp ||= replies.length > 0
      })
      .catch((error: unknown) => {
        this.#log.write('debug', 'lookup of own address failed', { via: via.address, error })
      })
  }

  /** Returns what stands behind the short forms in an exchange of `peer`, or of anybody. */
  heldFrom(peer?: Address): HeldHints {
    const held: HeldHints = {
      self: this.#table.self,
      resolve: (brief) => this.#briefs.resolve(brief),
    }
    if (!peer) return held
    const recall = (brief: Uint8Array) => this.#briefs.recall(peer, brief, this.#memory.heard(peer))
    const sender = this.#shorthand.saidBy(peer)
    return { ...held, recall, sender, peer: this.#table.get(peer)?.hint }
  }

  /** Forgets what a departed peer was told. */
  forget(address: Address): void {
    this.#memory.forget(address)
    this.#shorthand.forget(address)
    this.#briefs.forget(address)
  }

  async #call(target: Address, exchange: RingExchange): Promise<void> {
    const hint = this.#table.get(target)?.hint
    const args = encodeRingExchange(exchange)
    const options = { timeoutMs: EXCHANGE_TIMEOUT_MS }
    const replies = await this.#calls.call(target, 'ring.exchange', args, options)
    if (this.#table.get(target)) this.#shorthand.heardBy(target, exchange)
    const held = this.heldFrom(target)
    const sender = held.sender ?? (hint && { hint })
    for (const { result } of replies) this.#learnFrom(result, { ...held, sender }, true)
  }

  #learnAll(results: readonly CborValue[] | Malformed): void {
    if (results instanceof Malformed) return this.#refuse(results)
    for (const result of results) this.#learnFrom(result, this.heldFrom(), false)
  }

  #learnFrom(result: CborValue, held: HeldHints, isFirstHand: boolean): void {
    const exchange = decodeRingExchange(result, held)
    if (exchange instanceof Malformed) return this.#refuse(exchange)
    const { from } = exchange
    const isConnected = isFirstHand && this.#table.get(from.address) !== undefined
    if (isConnected) this.#hear(exchange)
    this.#listener.learn(exchange, { isFirstHand })
    if (!isConnected) return
    this.#memory.retell(from.address, this.#briefs.owe(from.address, exchange.wanted))
  }

  #toldAll(peer: Address, { peers }: RingExchange, revision: number, now: Instant): Told {
    const stated = new StatedList(peers.map(({ address }) => ({ address, since: now })))
    const could = keysOf(this.#news.ofUseTo(peer))
    return { peers: could, stated, side: this.#news.sideOf(peer), revision, at: now, allAt: now }
  }

  #hear(exchange: RingExchange): void {
    this.#memory.hear(exchange)
    this.#shorthand.hear(exchange)
    this.#briefs.hear(exchange)
  }

  /** Returns `exchange` without what a connected peer has already. */
  #inShort(peer: Address, exchange: RingExchange, now: Instant): RingExchange {
    const short = this.#briefs.abbreviate(peer, exchange, now)
    return this.#shorthand.shorten(peer, short, this.#table.get(peer)?.hint)
  }

  #naming(connections: readonly Connection[]): RingExchange {
    const { left, right } = this.#table.neighbors()
    const peers = connections.map((connection) => connection.hint)
    return { from: this.#ownHint(), incarnation: this.#incarnation, peers, left, right }
  }

  #refuse(malformed: Malformed): void {
    this.#log.write('debug', 'exchange malformed', { reason: malformed.reason })
  }
}

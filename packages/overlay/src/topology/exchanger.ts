/** Tells neighbours about each other until everybody knows who is nearest. */
import type { Address } from '@ipop/address'
import type { CborValue } from '@ipop/codec'
import { Malformed } from '@ipop/codec'
import type { Instant, Log } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import {
  EXCHANGE_ALL_MS,
  EXCHANGE_PATIENT_GAP_MS,
  EXCHANGE_PEERS_MAX,
  EXCHANGE_TIMEOUT_MS,
  EXCHANGE_WITHDRAW_MS,
  PROXY_PATIENCE_MS,
} from '../limits.ts'
import type { RequestReply } from '../messaging/request-reply.ts'
import { RoutingMode } from '../wire/overlay-packet.ts'
import { hintDigest } from '../wire/hint-digest.ts'
import type { RingExchange } from '../wire/ring-exchange.ts'
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
import { isNearerThanClaimed, peersOfUseTo } from './exchange-news.ts'
import type { NearNeighbors } from './near-neighbors.ts'

/** Who is told what an exchange brought. */
export interface ExchangeListener {
  /** Handles what a peer told; `isRequest` when the peer began. */
  learn(exchange: RingExchange): void
}

/** Why a peer is asked: there may be news for it, its word about its neighbours is wanted, or all that it knows. */
export type ExchangeReason = 'news' | 'claims' | 'all'

/** How the node stands that exchanges. */
export interface ExchangeState {
  /** Counts the changes of what there is to tell, so that most looks cost one comparison. */
  readonly revision: number
  /** Whether the node has its place: then only news about somebody's neighbours are urgent. */
  readonly isPatient: boolean
  readonly now: Instant
}

/** The exchange protocol of one node. */
export class Exchanger {
  readonly #table: ConnectionTable
  readonly #calls: RequestReply
  readonly #log: Log
  readonly #ownHint: () => PeerHint
  readonly #incarnation: number
  readonly #listener: ExchangeListener
  readonly #claims: Pick<NearNeighbors, 'claimOf'>
  readonly #memory = new ExchangeMemory()
  /** Whether the node's own address was ever looked up with success. */
  hasLookedUp = false

  constructor(modules: {
    table: ConnectionTable
    calls: RequestReply
    log: Log
    ownHint: () => PeerHint
    /** Tells this life of the node from those before it. */
    incarnation: number
    /** Whom neighbours call theirs. */
    claims: Pick<NearNeighbors, 'claimOf'>
    listener: ExchangeListener
  }) {
    this.#table = modules.table
    this.#calls = modules.calls
    this.#log = modules.log
    this.#ownHint = modules.ownHint
    this.#incarnation = modules.incarnation
    this.#claims = modules.claims
    this.#listener = modules.listener
  }

  /** Returns what this node tells `peer`: itself, its neighbours, and the connected peers nearest to `peer`. */
  tell(peer: Address): RingExchange {
    return this.#naming(peersOfUseTo(this.#table, peer))
  }

  /** Returns what this node answers a peer that told it `exchange`: to a difference only whom the peer lacks as a neighbour. */
  answer(
    exchange: RingExchange,
    { revision, now }: Omit<ExchangeState, 'isPatient'>,
  ): RingExchange {
    const { address } = exchange.from
    const isConnected = this.#table.get(address) !== undefined
    if (isConnected) this.#memory.hear(exchange)
    if (exchange.withdrawn) {
      const isMissed = (other: Address) => isNearerThanClaimed(address, other, exchange)
      const missed = peersOfUseTo(this.#table, address).filter((peer) => isMissed(peer.address))
      return { ...this.#naming(missed), withdrawn: [] }
    }
    const answer = without(this.tell(address), keysOf(exchange.peers))
    if (isConnected) this.#memory.tell(address, this.#toldAll(address, answer, revision, now))
    return answer
  }

  /** Exchanges with a connected peer; where it is about news, only if there are any, and they cannot wait. */
  exchangeWith({ address }: Connection, reason: ExchangeReason, state: ExchangeState): void {
    const { revision, now } = state
    const last = this.#memory.told(address)
    if (reason === 'news' && last?.revision === revision) return
    if (reason === 'all' || last === undefined) return this.#tellAll(address, reason, state)
    const peers = peersOfUseTo(this.#table, address)
    const side = this.#sideOf(address)
    const fresh = this.#fresh(address, last, peers)
    if (reason === 'news') {
      if (!state.isPatient && isTooSoon(last, side, now)) return
      if (
        last.side === side &&
        fresh.length === 0 &&
        !this.#hasToWithdraw(address, last, peers, now)
      )
        return this.#memory.tell(address, settled(last, keysOf(peers), revision))
      const isUrgent = last.side !== side || this.#isUrgent(address, last, fresh, peers, now)
      const newsSince = last.newsSince ?? now
      if (state.isPatient && !isUrgent && now - newsSince < this.#patienceMs(address))
        return this.#memory.tell(address, { ...last, newsSince })
    }
    if (now - last.allAt >= EXCHANGE_ALL_MS) return this.#tellAll(address, reason, state)
    this.#tellDifference(address, last, { peers, side, fresh }, state)
  }

  #tellAll(address: Address, reason: ExchangeReason, { revision, now }: ExchangeState): void {
    const exchange = this.tell(address)
    const heard = reason === 'all' ? undefined : this.#memory.heard(address)
    const told = heard ? without(exchange, heard) : exchange
    this.#memory.tell(address, this.#toldAll(address, told, revision, now))
    this.#ask(address, told)
  }

  /** Names those that the peer has not heard of, and withdraws those that it has and that are gone. */
  #tellDifference(
    address: Address,
    last: Told,
    { peers, side, fresh }: { peers: Connection[]; side: string; fresh: Connection[] },
    { revision, now }: ExchangeState,
  ): void {
    const keys = keysOf(peers)
    const stated = new Map(last.stated)
    const gone = [...stated].filter(([key]) => !keys.has(key)).slice(0, EXCHANGE_PEERS_MAX)
    for (const [key] of gone) stated.delete(key)
    for (const each of fresh) stated.set(each.address.key, { address: each.address, since: now })
    this.#memory.tell(address, { ...settled(last, keys, revision), stated, side, at: now })
    const withdrawn = gone.map(([, one]) => one.address)
    this.#ask(address, { ...this.#naming(fresh), withdrawn })
  }

  #ask(address: Address, exchange: RingExchange): void {
    this.#call(address, exchange).catch((error: unknown) => {
      this.#memory.untell(address)
      this.#log.write('debug', 'exchange failed', { peer: address.toString(), error })
    })
  }

  /** Lets a connected peer exchange, in this node's name, with both neighbours of this node's address. */
  lookUpSelf(via: Connection): void {
    this.#lookUp(via, this.tell(this.#table.self))
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
    this.#calls
      .call(via.address, 'ring.proxy', proxy, { patienceMs: PROXY_PATIENCE_MS })
      .then((replies) => {
        for (const { result } of replies) this.#learnAll(decodeProxyReply(result))
        this.hasLookedUp ||= replies.length > 0
      })
      .catch((error: unknown) => {
        const through = via.address.toString()
        this.#log.write('debug', 'lookup of own address failed', { via: through, error })
      })
  }

  /** Returns what a connected peer said of itself last: a digest of it may come in its place. */
  hintOf(peer: Address): PeerHint | undefined {
    return this.#memory.hintOf(peer)
  }

  /** Forgets what a departed peer was told. */
  forget(address: Address): void {
    this.#memory.forget(address)
  }

  async #call(target: Address, exchange: RingExchange): Promise<void> {
    const hint = this.#memory.hintOf(target) ?? this.#table.get(target)?.hint
    const isHeld = this.#memory.isHeldBy(target, exchange.from)
    const args = encodeRingExchange({ ...exchange, known: hint && hintDigest(hint) }, isHeld)
    const options = { mode: 'exact', timeoutMs: EXCHANGE_TIMEOUT_MS } as const
    const replies = await this.#calls.call(target, 'ring.exchange', args, options)
    for (const { result } of replies) this.#learnFrom(result, hint)
  }

  #learnAll(results: readonly CborValue[] | Malformed): void {
    if (results instanceof Malformed) return this.#refuse(results)
    for (const result of results) this.#learnFrom(result)
  }

  #learnFrom(result: CborValue, sender?: PeerHint): void {
    const exchange = decodeRingExchange(result, sender)
    if (exchange instanceof Malformed) this.#refuse(exchange)
    else this.#learn(exchange)
  }

  #learn(exchange: RingExchange): void {
    if (this.#table.get(exchange.from.address)) this.#memory.hear(exchange)
    this.#listener.learn(exchange)
  }

  /** Of those who may be named to a peer, the ones that it has not heard of. */
  #fresh(peer: Address, last: Told, peers: readonly Connection[]): Connection[] {
    const heard = this.#memory.heard(peer)
    const isNew = ({ key }: Address) => !last.peers.has(key) && heard?.has(key) !== true
    return peers.filter(({ address }) => isNew(address) && !last.stated.has(address.key))
  }

  /** Both ends often have the same news: the lower address tells it first. */
  #patienceMs(peer: Address): number {
    return EXCHANGE_PATIENT_GAP_MS * (this.#table.self.compare(peer) < 0 ? 1 : 1.5)
  }

  #isUrgent(
    peer: Address,
    last: Told,
    fresh: readonly Connection[],
    peers: readonly Connection[],
    now: Instant,
  ): boolean {
    const claim = this.#claims.claimOf(peer)
    return (
      fresh.some(({ address }) => isNearerThanClaimed(peer, address, claim)) ||
      this.#hasToWithdraw(peer, last, peers, now)
    )
  }

  /**
   * Peers that are gone are no news, but for those that the peer was told of so lately that it may still dial them. Whom it
   * names itself it is connected with, and misses as soon.
   */
  #hasToWithdraw(
    peer: Address,
    { stated }: Told,
    peers: readonly Connection[],
    now: Instant,
  ): boolean {
    const keys = keysOf(peers)
    const heard = this.#memory.heard(peer)
    for (const [key, { address, since }] of stated)
      if (now - since < EXCHANGE_WITHDRAW_MS && !keys.has(key) && !heard?.has(key))
        if (!this.#table.get(address)) return true
    return false
  }

  #toldAll(peer: Address, { peers }: RingExchange, revision: number, now: Instant): Told {
    const stated = new Map(peers.map(({ address }) => [address.key, { address, since: now }]))
    const could = keysOf(peersOfUseTo(this.#table, peer))
    return { peers: could, stated, side: this.#sideOf(peer), revision, at: now, allAt: now }
  }

  /** Whether the peer is this node's neighbour concerns it; who else is one does not, unless it is named. */
  #sideOf(peer: Address): string {
    const { left, right } = this.#table.neighbors()
    return `${left?.equals(peer) ? 'left' : ''}${right?.equals(peer) ? 'right' : ''}`
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

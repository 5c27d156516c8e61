/** Tells neighbours about each other until everybody knows who is nearest. */
import type { Address } from '@ipop/address'
import type { CborValue } from '@ipop/codec'
import { Malformed } from '@ipop/codec'
import type { Clock, Instant, Log } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { EXCHANGE_FAR_GAP_MS, EXCHANGE_PEERS_MAX, LOOKUP_LEAVES_MAX } from '../limits.ts'
import type { RequestReply } from '../messaging/request-reply.ts'
import { RoutingMode } from '../wire/overlay-packet.ts'
import type { RingExchange } from '../wire/ring-exchange.ts'
import {
  decodeProxyReply,
  decodeRingExchange,
  encodeProxyCall,
  encodeRingExchange,
} from '../wire/ring-exchange.ts'

/** Who is told what an exchange brought. */
export interface ExchangeListener {
  /** Handles what a peer told; `isRequest` when the peer began. */
  learn(exchange: RingExchange): void
}

/** What a peer was told last. */
interface Told {
  readonly peers: readonly string[]
  /** Which of this node's immediate neighbours the peer is. */
  readonly side: string
  readonly revision: number
  readonly at: Instant
}

/** The exchange protocol of one node. */
export class Exchanger {
  readonly #clock: Clock
  readonly #table: ConnectionTable
  readonly #calls: RequestReply
  readonly #log: Log
  readonly #ownHint: () => PeerHint
  readonly #incarnation: number
  readonly #listener: ExchangeListener
  readonly #lastTold = new Map<string, Told>()
  /** Whom each connected peer named last; it need not be told of them. */
  readonly #lastHeard = new Map<string, readonly string[]>()

  constructor(modules: {
    clock: Clock
    table: ConnectionTable
    calls: RequestReply
    log: Log
    ownHint: () => PeerHint
    /** Tells this life of the node from those before it. */
    incarnation: number
    listener: ExchangeListener
  }) {
    this.#clock = modules.clock
    this.#table = modules.table
    this.#calls = modules.calls
    this.#log = modules.log
    this.#ownHint = modules.ownHint
    this.#incarnation = modules.incarnation
    this.#listener = modules.listener
  }

  /** Returns what this node tells `peer`: itself, its neighbours, and the connected peers nearest to `peer`. */
  tell(peer: Address): RingExchange {
    const { left, right } = this.#table.neighbors()
    const peers = this.#peersFor(peer).map((connection) => connection.hint)
    return { from: this.#ownHint(), incarnation: this.#incarnation, peers, left, right }
  }

  /** Returns what this node answers a peer that told it `exchange`. `revision` as for `exchangeWith`. */
  answer({ from, peers }: RingExchange, revision: number): RingExchange {
    const named = keysOf(peers)
    const exchange = without(this.tell(from.address), named)
    if (!this.#table.get(from.address)) return exchange
    this.#lastHeard.set(from.address.key, named)
    this.#lastTold.set(from.address.key, { ...this.#summary(from.address), revision })
    return exchange
  }

  /**
   * Exchanges with a connected peer, unless that would bring it no news and `isForced` is not set. `revision` counts
   * the changes of what there is to tell, so that most looks cost one comparison.
   */
  exchangeWith({ address }: Connection, revision: number, isForced: boolean): void {
    const last = this.#lastTold.get(address.key)
    if (!isForced && last?.revision === revision) return
    const told = { ...this.#summary(address), revision }
    if (!isForced && last && isTooSoon(last, told)) return
    this.#lastTold.set(address.key, told)
    if (!isForced && last && !this.#hasNews(address, last, told)) return
    const exchange = this.tell(address)
    const heard = isForced ? undefined : this.#lastHeard.get(address.key)
    const args = encodeRingExchange(heard ? without(exchange, heard) : exchange)
    this.#call(address, 'ring.exchange', args).catch((error: unknown) => {
      this.#lastTold.delete(address.key)
      this.#log.write('debug', 'exchange failed', { peer: address.toString(), error })
    })
  }

  /** Lets a connected peer exchange, in this node's name, with both neighbours of this node's address. */
  lookUpSelf(via: Connection): void {
    const self = this.#table.self
    const args = encodeRingExchange(this.tell(self))
    const proxy = encodeProxyCall({
      target: self,
      mode: RoutingMode.both,
      method: 'ring.exchange',
      args,
    })
    this.#calls
      .call(via.address, 'ring.proxy', proxy)
      .then((replies) => {
        for (const { result } of replies) this.#learnAll(decodeProxyReply(result))
      })
      .catch((error: unknown) => {
        this.#log.write('debug', 'lookup of own address failed', {
          via: via.address.toString(),
          error,
        })
      })
  }

  /** Lets the newest of `leaves` do so: the older ones were asked before. */
  lookUpSelfByNewest(leaves: readonly Connection[]): void {
    for (const leaf of leaves.slice(-LOOKUP_LEAVES_MAX)) this.lookUpSelf(leaf)
  }

  /** Asks both neighbours of this node's own address through the ring it is in. */
  async exchangeAround(): Promise<void> {
    const self = this.#table.self
    await this.#call(self, 'ring.exchange', encodeRingExchange(this.tell(self)), 'both')
  }

  /** Forgets what a departed peer was told. */
  forget(address: Address): void {
    this.#lastTold.delete(address.key)
    this.#lastHeard.delete(address.key)
  }

  async #call(
    target: Address,
    method: string,
    args: CborValue,
    mode: 'exact' | 'both' = 'exact',
  ): Promise<void> {
    const replies = await this.#calls.call(target, method, args, { mode })
    this.#learnAll(replies.map((reply) => reply.result))
  }

  #learnAll(results: readonly CborValue[] | Malformed): void {
    if (results instanceof Malformed) return this.#refuse(results)
    for (const result of results) {
      const exchange = decodeRingExchange(result)
      if (exchange instanceof Malformed) this.#refuse(exchange)
      else this.#learn(exchange)
    }
  }

  #learn(exchange: RingExchange): void {
    const { address } = exchange.from
    if (this.#table.get(address)) this.#lastHeard.set(address.key, keysOf(exchange.peers))
    this.#listener.learn(exchange)
  }

  /** Peers that are gone are no news: nobody dials them for having been named once. */
  #hasNews(peer: Address, before: Told, now: Told): boolean {
    if (before.side !== now.side) return true
    const heard = this.#lastHeard.get(peer.key)
    for (const key of now.peers)
      if (!before.peers.includes(key) && !heard?.includes(key)) return true
    return false
  }

  /** Whether the peer is this node's neighbour concerns it; who else is one does not, unless it is named. */
  #summary(peer: Address): Omit<Told, 'revision'> {
    const { left, right } = this.#table.neighbors()
    const side = `${left?.equals(peer) ? 'left' : ''}${right?.equals(peer) ? 'right' : ''}`
    return { peers: keysOf(this.#peersFor(peer)), side, at: this.#clock.now() }
  }

  #refuse(malformed: Malformed): void {
    this.#log.write('debug', 'exchange malformed', { reason: malformed.reason })
  }

  /** Only peers with which this node has a live session are named: nobody spreads the word of the dead. */
  #peersFor(peer: Address): Connection[] {
    return this.#table.around(peer, EXCHANGE_PEERS_MAX / 2)
  }
}

/** Everybody is news to everybody while a ring forms: who is no immediate neighbour hears of several at a time. */
function isTooSoon(last: Told, next: Told): boolean {
  return last.side === '' && next.side === '' && next.at - last.at < EXCHANGE_FAR_GAP_MS
}

/** Leaves out whom the other end has named: it is connected with them, and knows them at least as well. */
function without(exchange: RingExchange, named: readonly string[]): RingExchange {
  return {
    ...exchange,
    peers: exchange.peers.filter(({ address }) => !named.includes(address.key)),
  }
}

function keysOf(peers: readonly { readonly address: Address }[]): string[] {
  return peers.map(({ address }) => address.key)
}

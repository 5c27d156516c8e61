/** Tells neighbours about each other until everybody knows who is nearest. */
import type { Address } from '@ipop/address'
import type { CborValue } from '@ipop/codec'
import { Malformed } from '@ipop/codec'
import type { Log } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { EXCHANGE_PEERS_MAX } from '../limits.ts'
import type { RequestReply } from '../messaging/request-reply.ts'
import { RoutingMode } from '../wire/overlay-packet.ts'
import type { RingExchange } from '../wire/ring-exchange.ts'
import {
  decodeProxyReply,
  decodeRingExchange,
  encodeProxyCall,
  encodeRingExchange,
} from '../wire/ring-exchange.ts'
import { nearestPerSide } from './known-peers.ts'

/** Who is told what an exchange brought. */
export interface ExchangeListener {
  /** Handles what a peer told; `isRequest` when the peer began. */
  learn(exchange: RingExchange): void
}

/** What a peer was told last. */
interface Told {
  readonly peers: ReadonlySet<string>
  readonly neighbors: string
  readonly revision: number
}

/** The exchange protocol of one node. */
export class Exchanger {
  readonly #table: ConnectionTable
  readonly #calls: RequestReply
  readonly #log: Log
  readonly #ownHint: () => PeerHint
  readonly #listener: ExchangeListener
  readonly #lastTold = new Map<string, Told>()

  constructor(modules: {
    table: ConnectionTable
    calls: RequestReply
    log: Log
    ownHint: () => PeerHint
    listener: ExchangeListener
  }) {
    this.#table = modules.table
    this.#calls = modules.calls
    this.#log = modules.log
    this.#ownHint = modules.ownHint
    this.#listener = modules.listener
  }

  /** Returns what this node tells `peer`: itself, its neighbours, and the connected peers nearest to `peer`. */
  tell(peer: Address): RingExchange {
    const { left, right } = this.#table.neighbors()
    const peers = this.#peersFor(peer).map((connection) => connection.hint)
    return { from: this.#ownHint(), peers, left, right }
  }

  /**
   * Exchanges with a connected peer, unless it was told precisely this before and `isForced` is not set. `revision`
   * counts the changes of what there is to tell, so that most looks cost one comparison.
   */
  exchangeWith(connection: Connection, revision: number, isForced: boolean): void {
    const last = this.#lastTold.get(connection.address.key)
    if (!isForced && last?.revision === revision) return
    const exchange = this.tell(connection.address)
    const told = { ...summary(exchange), revision }
    this.#lastTold.set(connection.address.key, told)
    if (!isForced && last && !hasNews(last, told)) return
    this.#call(connection.address, 'ring.exchange', encodeRingExchange(exchange)).catch(
      (error: unknown) => {
        this.#lastTold.delete(connection.address.key)
        this.#log.write('debug', 'exchange failed', { peer: connection.address.toString(), error })
      },
    )
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

  /** Asks both neighbours of this node's own address through the ring it is in. */
  async exchangeAround(): Promise<void> {
    const self = this.#table.self
    await this.#call(self, 'ring.exchange', encodeRingExchange(this.tell(self)), 'both')
  }

  /** Forgets what a departed peer was told. */
  forget(address: Address): void {
    this.#lastTold.delete(address.key)
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
      else this.#listener.learn(exchange)
    }
  }

  #refuse(malformed: Malformed): void {
    this.#log.write('debug', 'exchange malformed', { reason: malformed.reason })
  }

  /** Only peers with which this node has a live session are named: nobody spreads the word of the dead. */
  #peersFor(peer: Address): Connection[] {
    const others = this.#table.all().filter((connection) => !connection.address.equals(peer))
    return nearestPerSide(peer, others, EXCHANGE_PEERS_MAX / 2)
  }
}

function summary({ peers, left, right }: RingExchange): { peers: Set<string>; neighbors: string } {
  return {
    peers: new Set(peers.map((hint) => hint.address.key)),
    neighbors: `${left?.key ?? ''}/${right?.key ?? ''}`,
  }
}

/** Peers that are gone are no news: nobody dials them for having been named once. */
function hasNews(before: Told, now: Told): boolean {
  if (before.neighbors !== now.neighbors) return true
  for (const peer of now.peers) if (!before.peers.has(peer)) return true
  return false
}

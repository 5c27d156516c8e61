/** What connected peers were told, and what they named themselves: whoever knows both sends differences only. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import { EXCHANGE_FAR_GAP_MS } from './limits.ts'
import type { RingExchange } from '../wire/ring-exchange.ts'
import { KeyList, type Keys, StatedList } from './small-lists.ts'

/** No revision that anything has. */
const NEVER = -1

/** What a peer was told. */
export interface Told {
  /** Whom this node could name to the peer when it last looked. */
  readonly peers: Keys
  /** Whom the peer was told of, and since when, and that they are gone it was not told. */
  readonly stated: StatedList
  /** Which of this node's immediate neighbours the peer is. */
  readonly side: string
  readonly revision: number
  /** Since when there have been news that can wait. */
  readonly newsSince?: Instant | undefined
  /** When it was last told something. */
  readonly at: Instant
  /** When it was last told all. */
  readonly allAt: Instant
}

/** The memory of one node's exchanges. */
export class ExchangeMemory {
  readonly #told = new Map<string, Told>()
  readonly #heard = new Map<string, Keys>()

  /** Returns what a peer was told. */
  told(peer: Address): Told | undefined {
    return this.#told.get(peer.key)
  }

  /** Remembers what a peer was told. */
  tell(peer: Address, told: Told): void {
    const peers = told.peers instanceof Set ? new KeyList(told.peers) : told.peers
    this.#told.set(peer.key, { ...told, peers })
  }

  /** Forgets what a peer was told, but not what it said: the next exchange tells it all. */
  untell(peer: Address): void {
    this.#told.delete(peer.key)
  }

  /** Takes back that a peer was told of some: it could not make out who is meant. */
  retell(peer: Address, named: readonly { readonly address: Address }[]): void {
    const told = this.#told.get(peer.key)
    if (!told || named.length === 0) return
    const keys = keysOf(named)
    const peers = new KeyList([...told.peers].filter((key) => !keys.has(key)))
    const stated = new StatedList(told.stated.all().filter((one) => !keys.has(one.address.key)))
    this.#told.set(peer.key, { ...told, peers, stated, revision: NEVER })
  }

  /** Returns whom a peer names; it need not be told of them. */
  heard(peer: Address): Keys | undefined {
    return this.#heard.get(peer.key)
  }

  /** Remembers whom a peer names: all that it named now, or that and what it named before. */
  hear({ from, peers, withdrawn }: RingExchange): void {
    const named = keysOf(peers)
    if (withdrawn !== undefined) {
      for (const key of this.#heard.get(from.address.key) ?? []) named.add(key)
      for (const { key } of withdrawn) named.delete(key)
    }
    this.#heard.set(from.address.key, new KeyList(named))
  }

  /** Forgets a departed peer. */
  forget(peer: Address): void {
    this.untell(peer)
    this.#heard.delete(peer.key)
  }
}

/** Returns the keys of the addresses of `peers`. */
export function keysOf(peers: readonly { readonly address: Address }[]): Set<string> {
  return new Set(peers.map(({ address }) => address.key))
}

/** Everybody is news to everybody while a ring forms: who is no immediate neighbour hears of several at a time. */
export function isTooSoon({ side: before, at }: Told, side: string, now: Instant): boolean {
  return before === '' && side === '' && now - at < EXCHANGE_FAR_GAP_MS
}

/** Returns `exchange` without those whom the other end has named: it is connected with them, and knows them at least as well. */
export function without(
  exchange: RingExchange,
  named: Pick<ReadonlySet<string>, 'has'>,
): RingExchange {
  return { ...exchange, peers: exchange.peers.filter(({ address }) => !named.has(address.key)) }
}

/** Returns what a peer was told, with nothing left that it would have to hear. */
export function settled(told: Told, peers: ReadonlySet<string>, revision: number): Told {
  return { ...told, peers, revision, newsSince: undefined }
}

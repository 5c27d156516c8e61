/** What two connected peers need not tell each other again: who they are, and who their neighbours are. */
import type { Address } from '@ipop/address'
import type { PeerHint } from '@ipop/transport'
import { hintDigest } from '../wire/hint-digest.ts'
import type { RingExchange } from '../wire/ring-exchange.ts'

/** What a node says of itself: its hint, and the number of its start. */
interface SelfDescription {
  readonly hint: PeerHint
  readonly incarnation?: number | undefined
}

/** The shorthand of one node's exchanges. */
export class ExchangeShorthand {
  /** What peers said of themselves. */
  readonly #said = new Map<string, SelfDescription>()
  /** Digests of what they have of this node, by their own word. */
  readonly #held = new Map<string, number>()
  /** Peers that know that this node has what they said: they left it out. */
  readonly #assured = new Set<string>()
  /** Peers that an exchange with failed: one is told all that nobody has to know. */
  readonly #failed = new Set<string>()
  /** Keys of the own neighbours that peers have heard of for certain. */
  readonly #sides = new Map<string, readonly string[]>()

  /** Returns what a peer said of itself last. */
  saidBy(peer: Address): SelfDescription | undefined {
    return this.#said.get(peer.key)
  }

  /** Remembers what a peer says of itself, and what it has of this node. */
  hear({ from, incarnation, known, leftOut, withdrawn }: RingExchange): void {
    const { key } = from.address
    this.#said.set(key, { hint: from, incarnation })
    if (leftOut === 'all') this.#assured.add(key)
    else this.#assured.delete(key)
    if (known !== undefined) this.#held.set(key, known)
    else if (leftOut !== 'all' || withdrawn === undefined) this.#held.delete(key)
  }

  /**
   * Returns `exchange` without what `peer` has already. `hint` is what others said of the peer. Whoever tells all says each time
   * what it has of the other one, so that no error lasts.
   */
  shorten(peer: Address, exchange: RingExchange, hint?: PeerHint): RingExchange {
    const leftOut = this.#leftOut(peer, exchange)
    const isKnown = leftOut === 'all' && exchange.withdrawn && this.#assured.has(peer.key)
    const known = isKnown === true ? undefined : this.#digestOf(peer, hint)
    const briefSides = new Set([
      ...(exchange.briefSides ?? []),
      ...this.#certainSides(peer, exchange),
    ])
    return { ...exchange, recipient: peer, known, leftOut, briefSides }
  }

  /** Notes that `peer` has heard an exchange. */
  heardBy(peer: Address, exchange: RingExchange): void {
    this.#failed.delete(peer.key)
    this.#sides.set(peer.key, sidesOf(exchange))
  }

  /** Takes nothing for certain that `peer` has of this node: an exchange with it failed. */
  repeat(peer: Address): void {
    this.#failed.add(peer.key)
    this.#held.delete(peer.key)
    this.#sides.delete(peer.key)
  }

  /** Forgets a departed peer. */
  forget(peer: Address): void {
    this.repeat(peer)
    this.#failed.delete(peer.key)
    this.#said.delete(peer.key)
    this.#assured.delete(peer.key)
  }

  #leftOut(peer: Address, { from, incarnation }: RingExchange): RingExchange['leftOut'] {
    if (this.#failed.has(peer.key)) return undefined
    const held = this.#held.get(peer.key)
    if (held === undefined) return 'identity'
    if (held === hintDigest(from, incarnation)) return 'all'
    return held === hintDigest(from) ? 'hint' : 'identity'
  }

  #digestOf(peer: Address, hint?: PeerHint): number | undefined {
    const said = this.#said.get(peer.key)
    if (said) return hintDigest(said.hint, said.incarnation)
    return hint && hintDigest(hint)
  }

  /** Those of the own neighbours that the peer has heard of, and nobody else in their place. */
  #certainSides(peer: Address, exchange: RingExchange): readonly string[] {
    const now = sidesOf(exchange)
    const certain = (this.#sides.get(peer.key) ?? []).filter((key) => now.includes(key))
    if (certain.length > 0) this.#sides.set(peer.key, certain)
    else this.#sides.delete(peer.key)
    return certain
  }
}

function sidesOf({ left, right }: RingExchange): string[] {
  return [left, right].flatMap((side) => side?.key ?? [])
}

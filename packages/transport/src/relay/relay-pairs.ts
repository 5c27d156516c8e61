/** The pairs that a relay carries, and the channels they use there. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import type { IndexAllocator } from '@ipop/security'
import { RELAY_PAIRS_MAX, RELAY_PAIRS_PER_PEER_MAX } from './limits.ts'
import type { Edge } from '../edge/edge.ts'
import { type ByteRate, TokenBucket } from './token-bucket.ts'

/** One end of a pair, and the row of what comes from it. */
export interface RelaySide {
  readonly pair: RelayPair
  readonly peer: Address
  /** What frames from this end carry. */
  readonly channel: number
  /** What frames to this end carry, once it said so. */
  sendChannel: number | undefined
  /** This end's own request, when it opened the pair. */
  request: number | undefined
  readonly bucket: TokenBucket
  /** The edge that frames of this end last came over: it chooses among the paths to the relay by itself. */
  heardOver: Edge | undefined
  frames: number
  /** Frames that a data plane was seen to have forwarded. */
  carried: number
}

/** Two ends and how far they agree. */
export interface RelayPair {
  readonly key: string
  readonly sides: RelaySide[]
  /** Waiting for a connection with an end, for its answer, or for nothing any more. */
  state: 'connecting' | 'offered' | 'open'
  since: Instant
  lastUsedAt: Instant
}

/** A bounded table of pairs. */
export class RelayPairs {
  readonly #indexes: IndexAllocator
  readonly #rate: ByteRate
  readonly #pairs = new Map<string, RelayPair>()
  readonly #sides = new Map<number, RelaySide>()

  constructor({ indexes }: { indexes: IndexAllocator }, rate: ByteRate) {
    this.#indexes = indexes
    this.#rate = rate
  }

  /** Counts the pairs. */
  get size(): number {
    return this.#pairs.size
  }

  /** Counts the pairs that wait for a connection. */
  get connecting(): number {
    let count = 0
    for (const { state } of this.#pairs.values()) if (state === 'connecting') count++
    return count
  }

  /** Lists the pairs. */
  values(): RelayPair[] {
    return [...this.#pairs.values()]
  }

  /** Returns the pair of two nodes. */
  get(one: Address, other: Address): RelayPair | undefined {
    return this.#pairs.get(keyOf(one, other))
  }

  /** Returns the side whose frames carry `channel`. */
  side(channel: number): RelaySide | undefined {
    return this.#sides.get(channel)
  }

  /** Lists the pairs with a peer. */
  of(peer: Address): RelayPair[] {
    return this.values().filter(({ sides }) => sides.some((side) => side.peer.equals(peer)))
  }

  /** Adds a pair; returns undefined when there are too many, in total or with one of them. */
  add(one: Address, other: Address, now: Instant): RelayPair | undefined {
    const isFull =
      this.#pairs.size >= RELAY_PAIRS_MAX ||
      [one, other].some((peer) => this.of(peer).length >= RELAY_PAIRS_PER_PEER_MAX)
    if (isFull) return undefined
    const key = keyOf(one, other)
    const pair: RelayPair = { key, sides: [], state: 'offered', since: now, lastUsedAt: now }
    for (const peer of [one, other]) {
      const side = this.#side(pair, peer, now)
      pair.sides.push(side)
      this.#sides.set(side.channel, side)
    }
    this.#pairs.set(key, pair)
    return pair
  }

  /** Forgets a pair; returns whether it was known. */
  remove(pair: RelayPair): boolean {
    if (!this.#pairs.delete(pair.key)) return false
    for (const { channel } of pair.sides) {
      this.#sides.delete(channel)
      this.#indexes.release(channel)
    }
    return true
  }

  #side(pair: RelayPair, peer: Address, now: Instant): RelaySide {
    return {
      pair,
      peer,
      channel: this.#indexes.allocate(),
      sendChannel: undefined,
      request: undefined,
      bucket: new TokenBucket(this.#rate, now),
      heardOver: undefined,
      frames: 0,
      carried: 0,
    }
  }
}

/** Returns the end that is not `side`. */
export function otherSide(side: RelaySide): RelaySide {
  const other = side.pair.sides.find((each) => each !== side)
  if (other === undefined) throw new Error('a pair has two sides')
  return other
}

function keyOf(one: Address, other: Address): string {
  return [one.key, other.key].sort().join(' ')
}

/** Peers a node has heard of around its own address, connected or not: what a broken side is repaired from. */
import type { Address } from '@ipop/address'
import { leftDistance } from '@ipop/address'
import { equalBytes } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import { KNOWN_PER_SIDE, LINK_BARRED_MAX, LINK_BARRED_MS, LINK_FAILURES_MAX } from '../limits.ts'

interface Known {
  hint: PeerHint
  failures: number
  /** The peer that named it last and has a live session with it. */
  introducer: Address | undefined
  /** Whether there was a session with it: its key is known for certain. */
  isProven: boolean
}

/** Hints around one address, bounded, with the ones that failed barred for a while. */
export class KnownPeers {
  readonly #self: Address
  readonly #known = new Map<string, Known>()
  readonly #barredUntil = new Map<string, Instant>()

  constructor(self: Address) {
    this.#self = self
  }

  /** The number of peers remembered. */
  get size(): number {
    return this.#known.size
  }

  /** Remembers `hint`, named by `introducer`, unless it is barred; returns whether it was new. */
  learn(hint: PeerHint, now: Instant, introducer?: Address): boolean {
    if (hint.address.equals(this.#self) || this.#isBarred(hint.address, now)) return false
    const known = this.#known.get(hint.address.key)
    if (known) {
      // Hearsay about somebody whose key is known must not make it unreachable.
      if (known.isProven && !equalBytes(known.hint.sessionKey, hint.sessionKey)) return false
      known.hint = hint
      known.introducer = introducer ?? known.introducer
      return false
    }
    this.#known.set(hint.address.key, { hint, failures: 0, introducer, isProven: false })
    if (this.#known.size > 3 * KNOWN_PER_SIDE) this.#trim()
    return this.#known.has(hint.address.key)
  }

  /** Remembers a peer that has just proved to be alive, barred or not. */
  confirm(hint: PeerHint): void {
    this.#barredUntil.delete(hint.address.key)
    const proven = { hint, failures: 0, introducer: undefined, isProven: true }
    this.#known.set(hint.address.key, proven)
    if (this.#known.size > 3 * KNOWN_PER_SIDE) this.#trim()
  }

  /** Takes `hints` as all that `introducer` names now: what it named before and nobody proved is forgotten. */
  learnAll(hints: readonly PeerHint[], now: Instant, introducer: Address): void {
    const named = new Set(hints.map((hint) => hint.address.key))
    for (const [key, { isProven, introducer: by }] of this.#known)
      if (!isProven && !named.has(key) && by?.equals(introducer)) this.#known.delete(key)
    for (const hint of hints) this.learn(hint, now, introducer)
  }

  /** Returns the hint of `address`. */
  get(address: Address): PeerHint | undefined {
    return this.#known.get(address.key)?.hint
  }

  /** Returns who named `address` and is connected to it. */
  introducerOf(address: Address): Address | undefined {
    return this.#known.get(address.key)?.introducer
  }

  /** Returns every hint. */
  all(): PeerHint[] {
    return [...this.#known.values()].map((known) => known.hint)
  }

  /**
   * Notes that a peer did not answer; after a few times it is forgotten and barred. One attempt is enough for a peer
   * that only `isGone` nodes named: whoever lied about its neighbours must not keep others busy after its end.
   */
  failed(address: Address, now: Instant, isGone: (introducer: Address) => boolean): void {
    const known = this.#known.get(address.key)
    if (known && ++known.failures < LINK_FAILURES_MAX) {
      const { isProven, introducer } = known
      if (isProven || introducer === undefined || !isGone(introducer)) return
    }
    this.bar(address, now)
  }

  /** Forgets a peer and takes no hint about it for a while. */
  bar(address: Address, now: Instant): void {
    this.#known.delete(address.key)
    this.#barredUntil.delete(address.key)
    this.#barredUntil.set(address.key, now + LINK_BARRED_MS)
    if (this.#barredUntil.size <= LINK_BARRED_MAX) return
    const oldest = this.#barredUntil.keys().next()
    if (!oldest.done) this.#barredUntil.delete(oldest.value)
  }

  #isBarred(address: Address, now: Instant): boolean {
    const until = this.#barredUntil.get(address.key)
    if (until === undefined) return false
    if (until > now) return true
    this.#barredUntil.delete(address.key)
    return false
  }

  #trim(): void {
    const keep = new Set(
      nearestPerSide(this.#self, this.all(), KNOWN_PER_SIDE).map((hint) => hint.address.key),
    )
    for (const key of this.#known.keys()) if (!keep.has(key)) this.#known.delete(key)
  }
}

/** Returns the `perSide` items nearest to `center` going left and those going right, without repetition. */
export function nearestPerSide<T extends { readonly address: Address }>(
  center: Address,
  items: readonly T[],
  perSide: number,
): T[] {
  const sorted = sortLeftwards(center, items)
  if (sorted.length <= 2 * perSide) return sorted
  return [...sorted.slice(0, perSide), ...sorted.slice(-perSide)]
}

/** Returns the items other than `center` itself in the order in which they lie going left from it; backwards it is the order going right. */
export function sortLeftwards<T extends { readonly address: Address }>(
  center: Address,
  items: readonly T[],
): T[] {
  return items
    .filter((item) => !item.address.equals(center))
    .map((item) => ({ item, way: leftDistance(center, item.address) }))
    .sort((a, b) => a.way.compare(b.way))
    .map(({ item }) => item)
}

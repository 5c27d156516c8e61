/** Peers a node has heard of around its own address, connected or not: what a broken side is repaired from. */
import type { Address } from '@ipop/address'
import { compareLeftwards } from '@ipop/address'
import { equalBytes } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import {
  DOUBTED_FAILURES_MAX,
  KNOWN_PER_SIDE,
  LINK_BARRED_MAX,
  LINK_BARRED_MS,
  LINK_DOUBTED_MS,
  LINK_FAILURES_MAX,
} from './limits.ts'
import { isBriefOf } from '../wire/brief-address.ts'
import { RingOrder } from './ring-order.ts'

interface Known {
  readonly address: Address
  hint: PeerHint
  failures: number
  /** The peer that named it last and has a live session with it. */
  introducer: Address | undefined
  /** Whether there was a session with it: its key is known for certain. */
  isProven: boolean
  /** Since when it has been known without a break. */
  readonly since: Instant
  /** Whether it was lost lately, and who names it may not have noticed yet. */
  isDoubtful: boolean
}

interface Barred {
  /** Nothing is believed about it before. */
  readonly until: Instant
  /** What is heard of it before is doubtful. */
  readonly doubtedUntil: Instant
  /** What was heard of the peer meanwhile. */
  heard: { readonly hint: PeerHint; readonly introducer: Address } | undefined
}

/** Hints around one address, bounded, with the ones that failed barred for a while. */
export class KnownPeers {
  readonly #self: Address
  readonly #known: RingOrder<Known>
  /** In the order in which they are set free. */
  readonly #barred = new Map<string, Barred>()

  constructor(self: Address) {
    this.#self = self
    this.#known = new RingOrder(self)
  }

  /** The number of peers remembered. */
  get size(): number {
    return this.#known.items.length
  }

  /** Remembers `hint`, named by `introducer`, when it is barred no longer; returns whether it was new. */
  learn(hint: PeerHint, now: Instant, introducer?: Address): boolean {
    const { address } = hint
    if (address.equals(this.#self)) return false
    this.release(now)
    const barred = this.#barred.get(address.key)
    if (barred && now < barred.until) {
      if (introducer) barred.heard = { hint, introducer }
      return false
    }
    const known = this.#known.get(address)
    if (known) {
      // Hearsay about somebody whose key is known must not make it unreachable.
      if (known.isProven && !equalBytes(known.hint.sessionKey, hint.sessionKey)) return false
      known.hint = hint
      known.introducer = introducer ?? known.introducer
      return false
    }
    const isDoubtful = barred !== undefined
    const one = { address, hint, failures: 0, introducer, isProven: false, isDoubtful, since: now }
    this.#known.set(one)
    if (this.size > 3 * KNOWN_PER_SIDE) this.#trim()
    return this.#known.get(address) !== undefined
  }

  /** Remembers a peer that has just proved to be alive, barred or not. */
  confirm(hint: PeerHint, now: Instant): void {
    const { address } = hint
    this.#barred.delete(address.key)
    const since = this.sinceOf(address) ?? now
    const certain = { failures: 0, introducer: undefined, isProven: true, isDoubtful: false }
    this.#known.set({ address, hint, since, ...certain })
    if (this.size > 3 * KNOWN_PER_SIDE) this.#trim()
  }

  /** Takes `hints` as all that `introducer` names now: what it named before and nobody proved is forgotten. */
  learnAll(hints: readonly PeerHint[], now: Instant, introducer: Address): void {
    const isWithdrawn = ({ address, isProven, introducer: by }: Known): boolean =>
      !isProven && by?.equals(introducer) === true && !hints.some((h) => h.address.equals(address))
    for (const { address } of this.#known.items.filter(isWithdrawn)) this.#known.delete(address)
    for (const barred of this.#barred.values())
      if (barred.heard?.introducer.equals(introducer) === true) barred.heard = undefined
    for (const hint of hints) this.learn(hint, now, introducer)
  }

  /** Takes `hints` as what `introducer` names besides what it named before, but for `withdrawn`. */
  learnMore(
    hints: readonly PeerHint[],
    withdrawn: readonly Address[],
    now: Instant,
    introducer: Address,
  ): void {
    for (const address of withdrawn) {
      const known = this.#known.get(address)
      if (known?.isProven === false && known.introducer?.equals(introducer) === true)
        this.#known.delete(address)
      const barred = this.#barred.get(address.key)
      if (barred?.heard?.introducer.equals(introducer) === true) barred.heard = undefined
    }
    for (const hint of hints) this.learn(hint, now, introducer)
  }

  /** Returns the hint of `address`. */
  get(address: Address): PeerHint | undefined {
    return this.#known.get(address)?.hint
  }

  /** Returns the hint that a brief address stands for; a hint that failed may be false. */
  find(brief: Uint8Array): PeerHint | undefined {
    const found = this.#known.items.find(({ address }) => isBriefOf(brief, address))
    return found?.failures === 0 ? found.hint : undefined
  }

  /** Returns since when `address` has been known without a break. */
  sinceOf(address: Address): Instant | undefined {
    return this.#known.get(address)?.since
  }

  /** Returns who named `address` and is connected to it. */
  introducerOf(address: Address): Address | undefined {
    return this.#known.get(address)?.introducer
  }

  /** Whether `address` was lost lately and may be named by those only who have not noticed yet: it is asked for before it is dialled. */
  isDoubtful(address: Address): boolean {
    return this.#known.get(address)?.isDoubtful === true
  }

  /** Notes that the ring does not find a peer that is not heard either. */
  doubt(address: Address): void {
    const known = this.#known.get(address)
    if (known) known.isDoubtful = true
  }

  /** Whether `address` was tried before in vain. */
  hasFailed(address: Address): boolean {
    return (this.#known.get(address)?.failures ?? 0) > 0
  }

  /** Notes that a peer answered through the ring: it is there, whatever became of the session with it. */
  vouch(address: Address): void {
    this.#barred.delete(address.key)
    const known = this.#known.get(address)
    if (known) known.isDoubtful = false
  }

  /** Returns every hint, in the order of the ring going left. */
  all(): PeerHint[] {
    return this.#known.items.map((known) => known.hint)
  }

  /** Returns the hints of the `perSide` nearest peers on each side that `isWanted` accepts, in the same order. */
  nearest(perSide: number, isWanted: (address: Address) => boolean): PeerHint[] {
    const { items } = this.#known
    const found: PeerHint[] = []
    let next = 0
    for (; next < items.length && found.length < perSide; next++) {
      const { address, hint } = items[next] as Known
      if (isWanted(address)) found.push(hint)
    }
    const right: PeerHint[] = []
    for (let last = items.length - 1; last >= next && right.length < perSide; last--) {
      const { address, hint } = items[last] as Known
      if (isWanted(address)) right.push(hint)
    }
    return found.concat(right.reverse())
  }

  /**
   * Notes that a peer did not answer; after a few times it is forgotten and barred. One attempt is enough for a peer
   * that only `isGone` nodes named: whoever lied about its neighbours must not keep others busy after its end. Whoever is barred
   * already is not barred for longer: those who name it may reach it by another way.
   */
  failed(address: Address, now: Instant, isGone: (introducer: Address) => boolean): void {
    this.release(now)
    if (now < (this.#barred.get(address.key)?.until ?? now)) return
    const known = this.#known.get(address)
    const failuresMax = known?.isDoubtful === true ? DOUBTED_FAILURES_MAX : LINK_FAILURES_MAX
    if (known && ++known.failures < failuresMax) {
      const { isProven, introducer } = known
      if (isProven || introducer === undefined || !isGone(introducer)) return
    }
    this.bar(address, now)
  }

  /**
   * Forgets a peer and believes no hint about it for a while: it is gone. Not for one whose connection ended because nobody needed
   * it: it is where it was, and a neighbour when those in between are gone.
   */
  bar(address: Address, now: Instant): void {
    this.#known.delete(address)
    this.#barred.delete(address.key)
    const [until, doubtedUntil] = [now + LINK_BARRED_MS, now + LINK_DOUBTED_MS]
    this.#barred.set(address.key, { until, doubtedUntil, heard: undefined })
    if (this.#barred.size <= LINK_BARRED_MAX) return
    const oldest = this.#barred.keys().next()
    if (!oldest.done) this.#barred.delete(oldest.value)
  }

  /** Learns what was heard of those whose time is over: nobody says the same twice. */
  release(now: Instant): void {
    for (const [key, barred] of this.#barred) {
      if (barred.until > now) return
      if (barred.doubtedUntil <= now) this.#barred.delete(key)
      const { heard } = barred
      barred.heard = undefined
      if (heard) this.learn(heard.hint, now, heard.introducer)
    }
  }

  #trim(): void {
    const far = this.#known.items.slice(KNOWN_PER_SIDE, -KNOWN_PER_SIDE)
    for (const { address } of far) this.#known.delete(address)
  }
}

/** Returns the `perSide` items nearest to `center` going left and those going right, without repetition. */
export function nearestPerSide<T extends { readonly address: Address }>(
  center: Address,
  items: readonly T[],
  perSide: number,
): T[] {
  const order = compareLeftwards(center)
  const sorted = items
    .filter((item) => !item.address.equals(center))
    .sort((a, b) => order(a.address, b.address))
  if (sorted.length <= 2 * perSide) return sorted
  return [...sorted.slice(0, perSide), ...sorted.slice(-perSide)]
}

/** Which pairs of hosts cannot reach each other: partitions, blocks and broken pairs. */
import { pairFraction } from './latency.ts'
import type { Place } from './latency.ts'

/** Why a pair is cut off. */
export type CutReason = 'partitioned' | 'blocked'

/** Knows who can talk to whom. */
export class Reachability {
  readonly #groupOf = new Map<string, number>()
  readonly #blocked = new Set<string>()
  readonly #salt: number
  readonly #brokenProbability: number
  #isPartitioned = false

  /** `brokenProbability` is the chance that one host refuses another; a pair is cut when either refuses. */
  constructor(salt: number, brokenProbability: number) {
    this.#salt = salt
    this.#brokenProbability = 1 - (1 - brokenProbability) ** 2
  }

  /** Separates groups of hosts; hosts that are in no group form one more group. */
  partition(groups: readonly (readonly Place[])[]): void {
    this.#groupOf.clear()
    this.#isPartitioned = true
    for (const [index, group] of groups.entries()) {
      for (const place of group) this.#groupOf.set(place.name, index)
    }
  }

  /** Ends the partition. */
  heal(): void {
    this.#isPartitioned = false
    this.#groupOf.clear()
  }

  /** Cuts one pair off from each other. */
  block(one: Place, other: Place): void {
    this.#blocked.add(pairKey(one, other))
  }

  /** Undoes `block`. */
  unblock(one: Place, other: Place): void {
    this.#blocked.delete(pairKey(one, other))
  }

  /** Returns why the pair cannot talk, or undefined when it can. */
  cutBetween(one: Place, other: Place): CutReason | undefined {
    if (one === other) return undefined
    if (this.#isPartitioned && this.#groupOf.get(one.name) !== this.#groupOf.get(other.name)) {
      return 'partitioned'
    }
    if (this.#isBroken(one, other)) return 'blocked'
    if (this.#blocked.size > 0 && this.#blocked.has(pairKey(one, other))) return 'blocked'
    return undefined
  }

  #isBroken(one: Place, other: Place): boolean {
    // The first host stays reachable for all, so that everybody can bootstrap (as in the original simulator).
    if (this.#brokenProbability === 0 || one.index === 0 || other.index === 0) return false
    return pairFraction(this.#salt, one.index, other.index) < this.#brokenProbability
  }
}

function pairKey(one: Place, other: Place): string {
  return one.index < other.index ? `${one.name}|${other.name}` : `${other.name}|${one.name}`
}

/** What is remembered of each peer by the dozen: lists, where sets and maps would take several times the memory. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'

/** Six characters of five bits fit a small number. */
const MARK_CHARACTERS = 6

/** Keys of addresses. */
export type Keys = Iterable<string> & Pick<ReadonlySet<string>, 'has'>

/** An address, and since when something holds of it. */
export interface Since {
  readonly address: Address
  readonly since: Instant
}

/** A few keys. */
export class KeyList implements Keys {
  readonly #keys: readonly string[]
  readonly #marks: readonly number[]

  constructor(keys: Iterable<string>) {
    this.#keys = [...keys]
    this.#marks = this.#keys.map(markOf)
  }

  has(key: string): boolean {
    const mark = markOf(key)
    for (let at = 0; at < this.#marks.length; at++)
      if (this.#marks[at] === mark && this.#keys[at] === key) return true
    return false
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#keys.values()
  }
}

/** A few addresses that were stated. */
export class StatedList {
  readonly #addresses: Address[] = []
  readonly #since: Instant[] = []

  constructor(stated: Iterable<Since>) {
    for (const { address, since } of stated) {
      this.#addresses.push(address)
      this.#since.push(since)
    }
  }

  has(key: string): boolean {
    const mark = markOf(key)
    for (const { key: other } of this.#addresses)
      if (markOf(other) === mark && other === key) return true
    return false
  }

  /** Returns all of them. */
  all(): Since[] {
    return this.#addresses.map((address, at) => ({ address, since: this.#since[at] as Instant }))
  }

  /** Returns those of which it holds since a time after `instant`. */
  after(instant: Instant): Address[] {
    return this.#addresses.filter((_, at) => (this.#since[at] as Instant) > instant)
  }
}

/** Tells most keys apart by one comparison of numbers: the first characters, five bits of each. */
function markOf(key: string): number {
  let mark = 0
  for (let at = 0; at < MARK_CHARACTERS; at++) mark = (mark << 5) ^ key.charCodeAt(at)
  return mark
}

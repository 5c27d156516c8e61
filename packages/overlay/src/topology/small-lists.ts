/** What is remembered of each peer by the dozen: lists, where sets and maps would take several times the memory. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'

/** Keys of addresses. */
export type Keys = Iterable<string> & Pick<ReadonlySet<string>, 'has'>

/** An address, and since when something holds of it. */
export interface Since {
  readonly address: Address
  readonly since: Instant
}

/** Addresses by their keys. */
export type Stated = Iterable<[string, Since]> & Pick<ReadonlySet<string>, 'has'>

/** A few keys. */
export class KeyList implements Keys {
  readonly #keys: readonly string[]

  constructor(keys: Iterable<string>) {
    this.#keys = [...keys]
  }

  has(key: string): boolean {
    return this.#keys.includes(key)
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#keys.values()
  }
}

/** A few addresses that were stated. */
export class StatedList implements Stated {
  readonly #addresses: Address[] = []
  readonly #since: Instant[] = []

  constructor(stated: Stated) {
    for (const [, { address, since }] of stated) {
      this.#addresses.push(address)
      this.#since.push(since)
    }
  }

  has(key: string): boolean {
    for (const address of this.#addresses) if (address.key === key) return true
    return false
  }

  *[Symbol.iterator](): Iterator<[string, Since]> {
    for (const [at, address] of this.#addresses.entries())
      yield [address.key, { address, since: this.#since[at] as Instant }]
  }
}

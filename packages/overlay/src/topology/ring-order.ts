/** Items kept in ring order, so that neither a lookup nor a question for the nearest sorts anything. */
import type { Address } from '@ipop/address'
import { compareLeftwards } from '@ipop/address'

/** A set of items with different addresses, in the order in which they lie going left from a center. */
export class RingOrder<T extends { readonly address: Address }> {
  readonly #compare: (a: Address, b: Address) => -1 | 0 | 1
  #items: T[] = []

  constructor(center: Address) {
    this.#compare = compareLeftwards(center)
  }

  /** The items going left from the center, nearest first; backwards it is the order going right. */
  get items(): readonly T[] {
    return this.#items
  }

  /** Returns the item with `address`. */
  get(address: Address): T | undefined {
    const item = this.#items[this.#placeOf(address)]
    return item?.address.equals(address) === true ? item : undefined
  }

  /** Adds an item in the place of the one with its address. */
  set(item: T): void {
    const place = this.#placeOf(item.address)
    const isKnown = this.#items[place]?.address.equals(item.address) === true
    this.#items.splice(place, isKnown ? 1 : 0, item)
  }

  /** Removes the item with `address`. */
  delete(address: Address): void {
    const place = this.#placeOf(address)
    if (this.#items[place]?.address.equals(address) === true) this.#items.splice(place, 1)
  }

  /** Returns the `perSide` items nearest to `address` going left and those going right, in leftward order, without itself. */
  around(address: Address, perSide: number): T[] {
    const place = this.#placeOf(address)
    const isHere = this.#items[place]?.address.equals(address) === true
    const after = this.#items.slice(isHere ? place + 1 : place)
    const others = after.concat(this.#items.slice(0, place))
    if (others.length <= 2 * perSide) return others
    return others.slice(0, perSide).concat(others.slice(-perSide))
  }

  /** Returns the place of the first item that does not lie before `address`. */
  #placeOf(address: Address): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare((this.#items[middle] as T).address, address) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

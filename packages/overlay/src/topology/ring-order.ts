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
    const first = isHere ? place + 1 : place
    const others = this.#items.length - (isHere ? 1 : 0)
    if (others <= 2 * perSide) return this.#goingLeft(first, others)
    return this.#goingLeft(first, perSide).concat(this.#goingLeft(place - perSide, perSide))
  }

  /** Returns `count` items from place `first` on, which may lie before the beginning or after the end. */
  #goingLeft(first: number, count: number): T[] {
    const items = this.#items
    const start = (first + items.length) % items.length
    const found = items.slice(start, start + count)
    return found.length < count ? found.concat(items.slice(0, count - found.length)) : found
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

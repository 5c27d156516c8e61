/** Ring arithmetic of the checkers, written apart from the product's so that one error cannot hide in both. */
import type { RingAddress, RingNodeView } from './view.ts'

/** Number of positions on the ring. */
export const RING_SIZE = 1n << 160n

const positions = new WeakMap<RingAddress, bigint>()

/** Returns the position of an address as a number. */
export function positionOf(address: RingAddress): bigint {
  let position = positions.get(address)
  if (position === undefined) {
    position = BigInt(`0x${Buffer.from(address.bytes).toString('hex')}`)
    positions.set(address, position)
  }
  return position
}

/** Returns how far it is clockwise from one position to another. */
export function clockwise(from: bigint, to: bigint): bigint {
  return to >= from ? to - from : to - from + RING_SIZE
}

/** Returns the length of the shorter way between two positions. */
export function ringDistance(one: bigint, other: bigint): bigint {
  const there = clockwise(one, other)
  const back = clockwise(other, one)
  return there < back ? there : back
}

/** A short name for messages: the end of the text form. */
export function shortName(address: RingAddress): string {
  const text = address.toString()
  return text.slice(text.lastIndexOf(':') + 1).slice(0, 8)
}

/** The live nodes of a ring in clockwise order, and access by position. */
export class LiveRing {
  readonly nodes: readonly RingNodeView[]
  readonly positions: readonly bigint[]
  readonly #indexByPosition = new Map<bigint, number>()

  constructor(views: readonly RingNodeView[]) {
    const live = views.filter((view) => view.isAlive)
    this.nodes = live.sort((a, b) => compare(positionOf(a.address), positionOf(b.address)))
    this.positions = this.nodes.map((node) => positionOf(node.address))
    for (const [index, position] of this.positions.entries()) {
      this.#indexByPosition.set(position, index)
    }
  }

  /** Returns the place in clockwise order, or undefined when nobody alive has this address. */
  indexOf(address: RingAddress): number | undefined {
    return this.#indexByPosition.get(positionOf(address))
  }

  /** Returns the live node `steps` places clockwise of the one at `index`. */
  at(index: number, steps: number): RingNodeView {
    const size = this.nodes.length
    return this.nodes[(((index + steps) % size) + size) % size] as RingNodeView
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Who is responsible for a position, as far as a node can tell from its near neighbours. */
import type { Address } from '@ipop/address'
import { addDistance, closest, compareByDistance, leftDistance, rightDistance } from '@ipop/address'
import type { RingNeighborhood } from '../ring-service.ts'

/** A snapshot of a node and its near neighbours. */
export class Neighborhood {
  readonly #self: Address
  readonly #near: RingNeighborhood
  readonly #peers: readonly Address[]

  constructor(self: Address, near: RingNeighborhood) {
    this.#self = self
    this.#near = near
    const peers = new Map([...near.left, ...near.right].map((peer) => [peer.key, peer]))
    peers.delete(self.key)
    this.#peers = [...peers.values()]
  }

  /** Whether there is nobody else. */
  get isAlone(): boolean {
    return this.#peers.length === 0
  }

  /** The immediate neighbours, one or two. */
  get adjacent(): readonly Address[] {
    const [left, right] = [this.#near.left[0], this.#near.right[0]]
    if (!left || !right) return this.#peers.slice(0, 2)
    return left.equals(right) ? [left] : [left, right]
  }

  /** Equal for the same neighbours. */
  get fingerprint(): string {
    const keysOf = (side: readonly Address[]) => side.map((peer) => peer.key).join()
    return `${keysOf(this.#near.left)}|${keysOf(this.#near.right)}`
  }

  /** Returns whether the neighbours show who is nearest to `position`: it lies between the outermost of them. */
  covers(position: Address): boolean {
    if (this.isAlone) return true
    const left = this.#near.left.at(-1)
    const right = this.#near.right.at(-1)
    const self = this.#self
    const isLeft = left && leftDistance(self, position).compare(leftDistance(self, left)) <= 0
    const isRight = right && rightDistance(self, position).compare(rightDistance(self, right)) <= 0
    return Boolean(isLeft) || Boolean(isRight)
  }

  /** Returns the nearest to a covered `position`, possibly this node. */
  nearest(position: Address): Address {
    return closest(position, [this.#self, ...this.#peers]) ?? this.#self
  }

  /** Returns the nearest to `position` besides this node: who inherits it. */
  heir(position: Address): Address | undefined {
    return closest(position, this.#peers)
  }

  /** Returns how many known nodes are nearer to a covered `position` than this one. */
  rank(position: Address): number {
    const order = compareByDistance(position)
    return this.#peers.filter((peer) => order(peer, this.#self) < 0).length
  }

  /** Returns the part of the ring that this node is the nearest to, from its right end left to its left end. */
  range(): { readonly from: Address; readonly to: Address } {
    const [left, right] = [this.#near.left[0], this.#near.right[0]]
    const toLeft = left ? leftDistance(this.#self, left).toFraction() : 0
    const toRight = right ? rightDistance(this.#self, right).toFraction() : 0
    return {
      from: addDistance(this.#self, -toRight / 2),
      to: addDistance(this.#self, toLeft / 2),
    }
  }
}

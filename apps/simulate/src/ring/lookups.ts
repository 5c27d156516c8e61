/** Lookups of random positions, and whether the nearest node answered each. */
import { Address, compareByDistance } from '@ipop/address'
import { nearestNode } from '@ipop/simulator'
import type { Random } from '@ipop/runtime'
import type { Stage } from '../scenario.ts'
import { round } from '../statistics.ts'
import type { SimulatedNode } from './simulated-node.ts'

/** A call has failed by then, resends included. */
const ANSWER_WITHIN_MS = 15_000

interface Lookup {
  readonly asker: SimulatedNode
  readonly target: Address
  readonly startedAt: number
  /** Undefined while it is open. */
  outcome: 'right' | 'wrong' | 'no answer' | undefined
}

/** The lookups of one run. */
export class Lookups {
  readonly #stage: Stage
  readonly #random: Random
  readonly #isMember: (node: SimulatedNode) => boolean
  readonly #all: Lookup[] = []

  /** `isMember` says who may ask and whose positions are asked for. */
  constructor(stage: Stage, isMember: (node: SimulatedNode) => boolean = isConnected) {
    this.#stage = stage
    this.#random = stage.world.random.fork('lookups')
    this.#isMember = isMember
  }

  /** Lets a random member look a random position up. */
  start(): void {
    const members = this.#members()
    const asker = members[this.#random.below(members.length)]
    const target = randomAddress(this.#random)
    const before = this.#nearest(target)
    if (asker === undefined || before === undefined || !this.#isMember(before)) return
    const startedAt = this.#stage.world.elapsedMs()
    const lookup: Lookup = { asker, target, startedAt, outcome: undefined }
    this.#all.push(lookup)
    asker.overlay.call(target, 'ring.ping', null, { mode: 'greedy' }).then(
      ([reply]) => {
        // Somebody may have come or gone meanwhile: both answers were right once. A newcomer is the nearest from when
        // its neighbours are connected with it, which is a little before it knows its place.
        const nearest = [before, this.#nearest(target), this.#nearest(target, () => true)]
        const isRight = nearest.some((node) => reply?.from.equals(node?.overlay.address as Address))
        this.#settle(lookup, isRight ? 'right' : 'wrong')
      },
      () => this.#settle(lookup, 'no answer'),
    )
  }

  /** What went wrong is told at once, with who is, or was, where the answer should have come from. */
  #settle(lookup: Lookup, outcome: Lookup['outcome']): void {
    lookup.outcome = outcome
    if (outcome === 'right' || !lookup.asker.isRunning) return
    const { ring } = this.#stage
    const order = compareByDistance(lookup.target)
    const around = ring.nodes.toSorted((a, b) => order(a.overlay.address, b.overlay.address))
    const names = around.slice(0, 4).map((node) => node.host.name + lifeOf(node))
    const asked = `lookup by ${lookup.asker.host.name} at ${round(lookup.startedAt / 1000)} s`
    this.#stage.tell(`${asked}: ${outcome}; nearest are ${names.join(', ')}`)
  }

  /** Waits for the answers; those of askers that are gone by then do not count. */
  async finish(): Promise<Record<string, number>> {
    await this.#stage.world.run({ forMs: ANSWER_WITHIN_MS })
    const counted = this.#all.filter(({ asker }) => asker.isRunning)
    const right = counted.filter(({ outcome }) => outcome === 'right').length
    const wrong = counted.filter(({ outcome }) => outcome === 'wrong').length
    return {
      lookups: counted.length,
      lookupsWrong: wrong,
      lookupsUnanswered: counted.length - right - wrong,
      lookupsRightPercent: round((100 * right) / Math.max(1, counted.length), 3),
    }
  }

  #members(): SimulatedNode[] {
    return this.#stage.ring.running.filter((node) => isConnected(node) && this.#isMember(node))
  }

  #nearest(target: Address, isMember = isConnected): SimulatedNode | undefined {
    const all = this.#stage.ring.running.filter(isMember)
    const views = all.map(({ overlay: { address } }) => ({
      address,
      isAlive: true,
      connections: [],
    }))
    const nearest = nearestNode(views, target)
    return all.find(({ overlay }) => overlay.address === nearest?.address)
  }
}

/** Returns a random node address. */
export function randomAddress(random: Random): Address {
  return Address.random(random)
}

function lifeOf(node: SimulatedNode): string {
  if (!node.isRunning) return ' (gone)'
  return isConnected(node) ? '' : ' (joining)'
}

function isConnected(node: SimulatedNode): boolean {
  return node.connectedAt !== undefined
}

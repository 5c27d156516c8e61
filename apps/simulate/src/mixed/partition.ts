/** The split of a simulated network: which machines reach each other, now and before it healed. */
import type { Host, World } from '@ipop/simulator'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import { groupOf } from './choice.ts'

/** Groups of machines that reach each other only. */
export type Groups = readonly (readonly Host[])[]

/** One split at a time. */
export class Partition {
  readonly #world: World
  #groups: Groups = []
  /** The groups of the last split, healed or not. */
  #lastGroups: Groups = []
  /** When the network was last split or healed. */
  changedAtMs = 0

  constructor(world: World) {
    this.#world = world
  }

  /** The groups that cannot reach each other now; none while the network is whole. */
  get groups(): Groups {
    return this.#groups
  }

  /** Splits `hosts` into `parts` groups, which depend on `salt`; some may be empty. */
  split(hosts: readonly Host[], parts: number, salt: number): void {
    const groups: Host[][] = Array.from({ length: parts }, () => [])
    for (const host of hosts) groups[groupOf(host.place.index, salt, parts)]?.push(host)
    this.#groups = groups
    this.#lastGroups = groups
    this.changedAtMs = this.#world.elapsedMs()
    this.#world.partition(groups)
  }

  /** Ends the split. */
  heal(): void {
    this.#groups = []
    this.changedAtMs = this.#world.elapsedMs()
    this.#world.heal()
  }

  /** Returns the sets of nodes, `node` in each, among which its replicas may lie: soon after a merge, those of one side alone. */
  viewsWith(node: SimulatedNode, running: readonly SimulatedNode[]): SimulatedNode[][] {
    const isSameSide = (groups: Groups, other: SimulatedNode): boolean =>
      groups.every((group) => group.includes(other.host) === group.includes(node.host))
    return [this.#groups, this.#lastGroups].map((groups) =>
      running.filter((other) => isSameSide(groups, other)),
    )
  }
}

/** Watches nodes join: whoever says that it has its place is named by both its neighbours (I6, I18). */
import type { Address } from '@ipop/address'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import type { SimulatedRing } from '../ring/simulated-ring.ts'
import type { FaultPlayer } from './fault-player.ts'
import type { Violations } from './findings.ts'

/** A neighbour's word is no older than this: the slowest paths take a second and a half, and lost words are repeated. */
const WORD_HOLDS_MS = 5_000

/** What a join watch looks at. */
export interface JoinWatchModules {
  readonly ring: SimulatedRing
  readonly player: FaultPlayer
  readonly violations: Violations
}

/** Checks each node once, at the first look after it said so. */
export class JoinWatch {
  readonly #modules: JoinWatchModules
  readonly #checked = new WeakSet<SimulatedNode>()

  constructor(modules: JoinWatchModules) {
    this.#modules = modules
  }

  /** Looks once. */
  look(): void {
    const { ring } = this.#modules
    for (const node of ring.running) {
      if (node.connectedAt === undefined || this.#checked.has(node)) continue
      this.#checked.add(node)
      // Those may be gone by now, and others in their places, who were not asked.
      const { left, right } = node.neighborsWhenConnected ?? {}
      if (left) this.#check(node, left, 'right')
      if (right) this.#check(node, right, 'left')
    }
  }

  #check(node: SimulatedNode, neighborAddress: Address, side: 'left' | 'right'): void {
    const { ring, player, violations } = this.#modules
    const neighbor = ring.running.find(({ overlay }) => overlay.address.equals(neighborAddress))
    if (neighbor === undefined || player.hadTwins || player.isSuspect(neighbor)) return
    // Neighbours that came since were not asked.
    const upAt = node.overlay.connections.get(neighborAddress)?.upAt ?? Number.POSITIVE_INFINITY
    if (upAt > (node.connectedAt ?? 0)) return
    // A neighbour that started later, or lost the node since, has forgotten what it said, though it may be back.
    const { connections } = neighbor.overlay
    const isForgetful = neighbor.startedAt > node.startedAt
    const { upAt: backAt } = connections.get(node.overlay.address) ?? {}
    if (isForgetful || backAt === undefined || backAt > (node.connectedAt ?? 0)) return
    const named = neighbor.overlay.neighbors()[side]
    if (named?.equals(node.overlay.address)) return
    // Or somebody has come between.
    const namedSince = (named && connections.get(named)?.upAt) ?? Number.NEGATIVE_INFINITY
    if (namedSince > (node.connectedAt ?? 0) - WORD_HOLDS_MS) return
    const who = `${node.host.name} takes itself for a member`
    violations.add('I6', `${who}, but ${neighbor.host.name} does not name it on its ${side}`)
  }
}

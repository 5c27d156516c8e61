/** The history of virtual addresses: who believed to own which, when, and where in the network (I14). */
import type { World } from '@ipop/simulator'
import { DOUBLE_OWNER_MS } from '../limits.ts'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import type { SimulatedRing } from '../ring/simulated-ring.ts'
import type { FaultPlayer } from './fault-player.ts'
import type { Violations } from './findings.ts'

/** What a lease watch looks at. */
export interface LeaseWatchModules {
  readonly world: World
  readonly ring: SimulatedRing
  readonly player: FaultPlayer
  readonly violations: Violations
}

/** Checks that a double owner does not last. */
export class LeaseWatch {
  readonly #modules: LeaseWatchModules
  /** Since when two nodes that reach each other believe to own one address. */
  readonly #since = new Map<string, number>()
  /** Double owners seen, resolved ones included. */
  doubles = 0
  /** The longest time one lasted. */
  longestMs = 0

  constructor(modules: LeaseWatchModules) {
    this.#modules = modules
  }

  /** Looks once. */
  look(): void {
    const { world, violations, player } = this.#modules
    const now = world.elapsedMs()
    const current = this.#current()
    for (const key of this.#since.keys()) if (!current.has(key)) this.#since.delete(key)
    for (const key of current) {
      const since = this.#since.get(key)
      if (since === undefined) {
        this.#since.set(key, now)
        this.doubles++
        continue
      }
      const lastsMs = now - Math.max(since, player.partitionChangedAtMs)
      this.longestMs = Math.max(this.longestMs, lastsMs)
      if (lastsMs > DOUBLE_OWNER_MS) violations.add('I14', `${key} own it both for too long`)
    }
  }

  /** Whether every running node has an address of its own. */
  get isSettled(): boolean {
    const ips = this.#modules.ring.running.map(({ lan }) => lan?.ip)
    return ips.every((ip) => ip !== undefined) && new Set(ips).size === ips.length
  }

  /** Returns who has no address, or one that somebody else has, too. */
  problems(): string[] {
    const { running } = this.#modules.ring
    const without = running.filter(({ lan }) => lan?.ip === undefined)
    return [
      ...this.#current(),
      ...without.map(({ host, lan, overlay }) => {
        const state = lan?.mapper.status().lease?.state ?? 'without settings'
        return `${host.name} has no address: lease ${state}, node ${overlay.state}`
      }),
    ]
  }

  #current(): Set<string> {
    const found = new Set<string>()
    const byIp = new Map<string, SimulatedNode[]>()
    for (const node of this.#modules.ring.running) {
      const ip = node.lan?.ip
      if (ip !== undefined) byIp.set(ip, [...(byIp.get(ip) ?? []), node])
    }
    for (const [ip, nodes] of byIp) {
      for (const [index, node] of nodes.entries()) {
        for (const other of nodes.slice(index + 1)) {
          if (!this.#canMeet(node, other)) continue
          found.add(`${ip}: ${node.host.name} and ${other.host.name}`)
        }
      }
    }
    return found
  }

  #canMeet(one: SimulatedNode, other: SimulatedNode): boolean {
    const { player } = this.#modules
    const { groups } = player
    if (player.isSuspect(one) || player.isSuspect(other)) return false
    if (one.host.isPaused || other.host.isPaused) return false
    const groupOf = (node: SimulatedNode) => groups.findIndex((group) => group.includes(node.host))
    return groupOf(one) === groupOf(other)
  }
}

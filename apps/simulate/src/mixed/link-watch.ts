/** Watches sessions end: a peer that others reach must not be given up for one broken pair (I10), nor for a lost packet (I11). */
import type { FaultKind, FaultPlan, Host, World } from '@ipop/simulator'
import type { ChannelDownReason } from '@ipop/transport'
import { FALSE_LOSSES_MAX, FLAP_MS, GENTLE_LOSS_MAX, SETTLED_PAIR_MS } from '../limits.ts'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import type { SimulatedRing } from '../ring/simulated-ring.ts'
import type { Violations } from './findings.ts'
import { hasOnly, isQuiet } from './gentle.ts'

/** Faults that break pairs and nodes and nothing else. */
const CLEAR_FAULTS: ReadonlySet<FaultKind> = new Set(['cut pair', 'crash', 'join'])

/** A pair and somebody between. */
const BRIDGED_PAIR_MIN = 3

/** What a link watch looks at. */
export interface LinkWatchModules {
  readonly world: World
  readonly ring: SimulatedRing
  readonly violations: Violations
}

/** Checks in plans whose network is gentle enough to say who is to blame; in others it only looks on. */
export class LinkWatch {
  readonly #modules: LinkWatchModules
  /** Whether a lost session between two that reach each other is an error. */
  readonly #isClear: boolean
  /** Whether nothing but single packets is lost, so that sessions have no reason to end. */
  readonly #isGentle: boolean
  /** When a pair was last seen to be cut, by the names of both. */
  readonly #cutAt = new Map<string, number>()
  /** When a session of a live pair ended, by the names of both. */
  readonly #endedAt = new Map<string, number>()
  #falseLosses = 0

  constructor(modules: LinkWatchModules, plan: FaultPlan) {
    this.#modules = modules
    const { conditions, faults } = plan
    const isUnhurt = faults.length === 0 && conditions.brokenProbability === 0
    this.#isGentle = isUnhurt && isQuiet(conditions, GENTLE_LOSS_MAX)
    this.#isClear = isQuiet(conditions) && hasOnly(plan, CLEAR_FAULTS)
    for (const node of modules.ring.nodes) this.#watch(node)
    modules.ring.onStart((node) => this.#watch(node))
  }

  /** Takes note of which pairs are cut now. */
  look(): void {
    if (!this.#isClear) return
    const { world, ring } = this.#modules
    const { running } = ring
    for (const [index, { host }] of running.entries()) {
      for (const other of running.slice(index + 1)) {
        if (!world.canReach(host, other.host))
          this.#cutAt.set(pairName(host, other.host), world.elapsedMs())
      }
    }
  }

  #watch(node: SimulatedNode): void {
    const { channels } = node.overlay
    const { handlers } = channels
    channels.setHandlers({
      onUp: (channel) => {
        handlers.onUp(channel)
        const peer = this.#runningAt(channel.address.key)
        if (peer !== undefined) this.#cameUp(node, peer)
      },
      onDown: (channel, reason) => {
        const peer = this.#runningAt(channel.address.key)
        if (peer !== undefined && node.isRunning) this.#wentDown(node, peer, reason)
        handlers.onDown(channel, reason)
      },
    })
  }

  #cameUp(node: SimulatedNode, peer: SimulatedNode): void {
    if (!this.#isGentle) return
    const { world, violations } = this.#modules
    const name = pairName(node.host, peer.host)
    const endedAt = this.#endedAt.get(name)
    if (endedAt === undefined || world.elapsedMs() - endedAt > FLAP_MS) return
    const what = `${node.host.name} and ${peer.host.name} are connected again so soon`
    if (this.#isTooMuch()) violations.add('I11', `${what}, ${this.#falseLosses} times in all`)
  }

  #wentDown(node: SimulatedNode, peer: SimulatedNode, reason: ChannelDownReason): void {
    const { world, violations } = this.#modules
    if (reason === 'wrong identity' || reason === 'unreachable') return
    this.#endedAt.set(pairName(node.host, peer.host), world.elapsedMs())
    if (reason !== 'lost' || !this.#isClear) return
    const { running } = this.#modules.ring
    const isBridged = running.every((third) => this.#isBridge(node, peer, third))
    if (running.length < BRIDGED_PAIR_MIN || !isBridged) return
    violations.add('I10', `${node.host.name} gave up ${peer.host.name}, which everybody reaches`)
  }

  #isTooMuch(): boolean {
    return ++this.#falseLosses > FALSE_LOSSES_MAX
  }

  /** Whether `third` has reached both ends for long enough to be on good terms with both. */
  #isBridge(node: SimulatedNode, peer: SimulatedNode, third: SimulatedNode): boolean {
    if (third === node || third === peer) return true
    const now = this.#modules.world.elapsedMs()
    const since = now - SETTLED_PAIR_MS
    if (third.startedAt > since || node.startedAt > since || peer.startedAt > since) return false
    const isSettled = (end: SimulatedNode): boolean =>
      (this.#cutAt.get(pairName(third.host, end.host)) ?? 0) <= since
    return isSettled(node) && isSettled(peer)
  }

  #runningAt(key: string): SimulatedNode | undefined {
    return this.#modules.ring.running.find(({ overlay }) => overlay.address.key === key)
  }
}

function pairName(one: Host, other: Host): string {
  return [one.name, other.name].sort().join(' ')
}

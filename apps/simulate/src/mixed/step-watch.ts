/** Looks at every node while faults rage: what must hold at each step (I1, I2, I9, I11, I16, I17, I18). */
import { checkConnectionCap, checkNearLists, CounterReuseWatch } from '@ipop/simulator'
import type { World } from '@ipop/simulator'
import { CONNECTIONS_MAX } from '@ipop/overlay'
import { SILENT_MS, WAITING_PACKETS_MAX } from '../limits.ts'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import type { SimulatedRing } from '../ring/simulated-ring.ts'
import type { FaultPlayer } from './fault-player.ts'
import type { Violations } from './findings.ts'
import { HopWatch } from './hop-watch.ts'
import { JoinWatch } from './join-watch.ts'

/** What a step watch looks at. */
export interface StepWatchModules {
  readonly world: World
  readonly ring: SimulatedRing
  readonly player: FaultPlayer
  readonly violations: Violations
}

interface LastSign {
  datagrams: number
  atMs: number
}

/** Checks what must hold all the time. */
export class StepWatch {
  readonly #modules: StepWatchModules
  readonly #counters: CounterReuseWatch
  readonly #hops: HopWatch
  readonly #joins: JoinWatch
  readonly #signs = new WeakMap<SimulatedNode, LastSign>()
  #reported = 0

  constructor(modules: StepWatchModules) {
    this.#modules = modules
    const { world, ring, player, violations } = modules
    this.#counters = new CounterReuseWatch(world)
    this.#joins = new JoinWatch({ ring, player, violations })
    this.#hops = new HopWatch({ ring, violations, isSuspect: (node) => player.isSuspect(node) })
  }

  /** Overlay packets whose hops were checked. */
  get hopsChecked(): number {
    return this.#hops.checked
  }

  /** Looks once. */
  look(): void {
    const { ring, violations } = this.#modules
    const views = ring.views()
    violations.addAll(checkNearLists(views))
    violations.addAll(checkConnectionCap(views, CONNECTIONS_MAX))
    for (const node of ring.running) this.#lookAt(node)
    this.#joins.look()
    const reused = this.#counters.violations()
    for (const reason of reused.slice(this.#reported)) violations.add('I16', reason)
    this.#reported = reused.length
  }

  #lookAt(node: SimulatedNode): void {
    const { violations } = this.#modules
    const waiting = node.lan?.mapper.status().waitingPackets ?? 0
    if (waiting > WAITING_PACKETS_MAX) {
      violations.add('I17', `${node.host.name} lets ${waiting} packets wait`)
    }
    this.#checkSilence(node)
  }

  #checkSilence(node: SimulatedNode): void {
    const { world, violations } = this.#modules
    const now = world.elapsedMs()
    const { datagramsSent } = node.host.stats
    const sign = this.#signs.get(node)
    const isExcused = node.host.isPaused || node.overlay.isRingComplete
    if (sign === undefined || sign.datagrams !== datagramsSent || isExcused) {
      this.#signs.set(node, { datagrams: datagramsSent, atMs: now })
    } else if (now - sign.atMs > SILENT_MS) {
      violations.add('I18', `${node.host.name} is silent though its ring is incomplete`)
    }
  }
}

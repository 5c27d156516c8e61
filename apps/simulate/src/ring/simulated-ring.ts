/** A ring of simulated nodes: starts, crashes and inspects them. */
import { checkCycle, checkNeighbors, checkRing } from '@ipop/simulator'
import type { Host, RingNodeView, RingReport, World } from '@ipop/simulator'
import type { Random } from '@ipop/runtime'
import { isPublic, Machines } from './machines.ts'
import type { NatShares } from './machines.ts'
import { SimulatedNode } from './simulated-node.ts'
import type { NodeSettings, NodeState } from './simulated-node.ts'

/** How a ring is made. */
export interface RingSettings extends NodeSettings {
  /** How many other nodes' transport addresses each node is given. */
  readonly hints: number
  /** Which share of the machines stands behind which kind of NAT. */
  readonly nats?: NatShares
}

/** The nodes of one simulation. */
export class SimulatedRing {
  readonly world: World
  readonly nodes: SimulatedNode[] = []
  readonly #settings: RingSettings
  readonly #random: Random
  readonly #machines: Machines
  readonly #startListeners: ((node: SimulatedNode) => void)[] = []
  /** The first machine, everybody's way in. */
  #first: Host | undefined

  constructor(world: World, settings: RingSettings) {
    this.world = world
    this.#settings = settings
    this.#random = world.random.fork('scenario')
    this.#machines = new Machines(world, settings.nats ?? {})
  }

  /** The generator for the scenario's own choices. */
  get random(): Random {
    return this.#random
  }

  /** The nodes that run. */
  get running(): SimulatedNode[] {
    return this.nodes.filter((node) => node.isRunning)
  }

  /** Starts `count` nodes at the same instant, each with random others as its hints. */
  async startTogether(count: number): Promise<void> {
    const hosts = Array.from({ length: count }, () => this.#machines.make())
    for (const host of hosts) await this.#start(host, this.#pickHints(hosts, host))
  }

  /** Starts one more node, on a new machine, with random running nodes as its hints. */
  async startOne(): Promise<SimulatedNode> {
    return this.#start(this.#machines.make(), this.#newcomersHints())
  }

  /**
   * Boots the machine of a node that is gone and starts the same node again, or another if its state is lost. Its
   * configuration is still there, and names the bootstraps it named before, whether they run or not.
   */
  async restart(gone: SimulatedNode, isStateLost = false): Promise<SimulatedNode> {
    gone.host.restart()
    this.nodes.splice(this.nodes.indexOf(gone), 1)
    return this.#start(gone.host, gone.hints, isStateLost ? undefined : gone)
  }

  /** Starts the same node once more, on another machine: nobody is told, and the ring does not count it. */
  async clone(original: SimulatedNode): Promise<SimulatedNode> {
    const hints = this.#newcomersHints()
    return SimulatedNode.start(this.#machines.make(), hints, this.#settings, original)
  }

  /** Returns `count` different members of `all`, chosen at random. */
  pickNodes(count: number): SimulatedNode[] {
    return this.#pick(this.running, count)
  }

  /** Returns what every node believes. */
  views(): RingNodeView[] {
    return this.nodes.map((node) => node.view())
  }

  /** Returns whether all neighbours are the true ones and form one ring. */
  isFormed(): boolean {
    const views = this.views()
    return checkNeighbors(views).length === 0 && checkCycle(views).length === 0
  }

  /** Returns the share of running nodes that know their true neighbours. */
  neighborConsistency(): number {
    const violations = checkNeighbors(this.views())
    const wrong = new Set(violations.map((found) => found.node))
    return 1 - wrong.size / Math.max(1, this.running.length)
  }

  /** Returns the verdict of all checkers. */
  report(): RingReport {
    return checkRing(this.views())
  }

  async #start(host: Host, hints: readonly Host[], state?: NodeState): Promise<SimulatedNode> {
    if (host.place.index === 0) this.#first = host
    const node = await SimulatedNode.start(host, hints, this.#settings, state)
    this.nodes.push(node)
    for (const listener of this.#startListeners) listener(node)
    return node
  }

  /** Calls `listener` for every node that is started from now on. */
  onStart(listener: (node: SimulatedNode) => void): void {
    this.#startListeners.push(listener)
  }

  /** Some that run now; and the first machine if it is down, which comes back when nobody else may be there any more. */
  #newcomersHints(): Host[] {
    const hints = this.#pickHints(this.running.map((node) => node.host))
    const first = this.#first
    // While it boots it is in no list.
    const isUp = first === undefined || this.running.some(({ host }) => host === first)
    return isUp ? hints : [...hints, first]
  }

  #pickHints(hosts: readonly Host[], except?: Host): Host[] {
    return this.#pick(hosts.filter(isPublic), this.#settings.hints, except)
  }

  #pick<T>(all: readonly T[], count: number, except?: T): T[] {
    const rest = all.filter((item) => item !== except)
    const wanted = Math.min(count, rest.length)
    for (let i = 0; i < wanted; i++) {
      const other = i + this.#random.below(rest.length - i)
      const item = rest[i] as T
      rest[i] = rest[other] as T
      rest[other] = item
    }
    return rest.slice(0, wanted)
  }
}

/** Makes the faults of a plan happen to a simulated ring, and ends those that must end. */
import type { FaultKind, FaultPlan, Host, PlannedFault, World } from '@ipop/simulator'
import { isPublic } from '../ring/machines.ts'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import type { SimulatedRing } from '../ring/simulated-ring.ts'
import { lasts, pick } from './choice.ts'
import { corrupt, isLie } from './liar.ts'
import { Partition } from './partition.ts'
import type { Groups } from './partition.ts'
import type { Values } from './values.ts'
import { BURST_LOSS_MAX, MASS_KILL_SHARE_MAX, SLOW_LINK_MAX_MS } from '../limits.ts'

/** The ring never shrinks below this: a ring of one proves nothing. */
const RUNNING_MIN = 3

/** Half of the crashed machines are back this long after the crash, before others noticed. */
const RESTART_SOON_MS = 4_000

/** The ways in which a node goes away. */
const ENDINGS: ReadonlySet<FaultKind> = new Set([
  'crash',
  'leave',
  'restart',
  'restart without state',
])

/** Tells the story of the faults, for the trace. */
export type Storyteller = (who: string, what: string) => void

/** What a fault player works on. */
export interface FaultPlayerModules {
  readonly world: World
  readonly ring: SimulatedRing
  readonly tell: Storyteller
  /** Is told who takes replicas away. */
  readonly values: Values
}

/** Something that still has to be undone. */
interface Ongoing {
  readonly endsAtMs: number
  readonly end: () => void
}

/** Plays one plan. */
export class FaultPlayer {
  readonly #modules: FaultPlayerModules
  readonly #plan: FaultPlan
  readonly #partition: Partition
  readonly #ongoing = new Set<Ongoing>()
  readonly #clones = new Set<SimulatedNode>()
  readonly #lied = new Set<SimulatedNode>()
  readonly #liarNames = new Set<string>()
  /** Nodes that are saying goodbye, with the nodes among which their replicas lay. */
  readonly #leaving = new Map<SimulatedNode, SimulatedNode[][]>()
  #next = 0
  #moves = 0

  constructor(modules: FaultPlayerModules, plan: FaultPlan) {
    this.#modules = modules
    this.#plan = plan
    this.#partition = new Partition(modules.world)
  }

  /** The groups that cannot reach each other now; none while the network is whole. */
  get groups(): Groups {
    return this.#partition.groups
  }

  /** When the network was last split or healed. */
  get partitionChangedAtMs(): number {
    return this.#partition.changedAtMs
  }

  /** Returns whether a node lies, or did before its machine was restarted: packets of then may still be on their way. */
  isSuspect(node: SimulatedNode): boolean {
    return this.#liarNames.has(node.host.name)
  }

  /** Returns whether a machine runs a second copy of another node. */
  isClone(host: Host): boolean {
    return [...this.#clones].some((clone) => clone.host === host)
  }

  /** Virtual time at which all faults ceased. */
  ceasedAtMs = Number.POSITIVE_INFINITY

  /** Returns whether there ever was another node with this one's identity. */
  hadTwin({ overlay }: SimulatedNode): boolean {
    return [...this.#clones].some((clone) => clone.overlay.address.equals(overlay.address))
  }

  /** Whether there ever were two nodes with one identity. */
  get hadTwins(): boolean {
    return this.#clones.size > 0
  }

  /** Does what is due by now. */
  async advance(): Promise<void> {
    const now = this.#modules.world.elapsedMs()
    for (const ongoing of this.#ongoing) if (ongoing.endsAtMs <= now) this.#end(ongoing)
    for (;;) {
      const fault = this.#plan.faults[this.#next]
      if (fault === undefined || fault.atMs > now) return
      this.#next++
      await this.#strike(fault)
    }
  }

  /** Ends all faults: loss too, but broken pairs and NATs stay as they are. */
  async cease(): Promise<void> {
    const { world, ring, tell } = this.#modules
    this.ceasedAtMs = world.elapsedMs()
    this.#next = this.#plan.faults.length
    for (const liar of this.#lied) if (liar.isRunning) this.#crash(liar)
    for (const ongoing of this.#ongoing) this.#end(ongoing)
    world.setDefaultLink({ lossProbability: 0, duplicateProbability: 0, reorderProbability: 0 })
    // The first machine is everybody's way in.
    const first = ring.nodes.find((node) => node.host.place.index === 0)
    if (first && !first.isRunning) {
      this.#cutShort(first)
      await ring.restart(first)
    }
    tell('network', 'all faults have ceased')
  }

  async #strike(fault: PlannedFault): Promise<void> {
    const { ring, tell } = this.#modules
    const { kind } = fault
    if (kind === 'join') return tell((await ring.startOne()).host.name, 'joins')
    if (kind === 'partition') return this.#split(fault)
    if (kind === 'loss burst') return this.#lossBurst(fault)
    if (kind === 'mass kill') return this.#massKill(fault)
    if (kind === 'bootstrap loss') return this.#loseBootstrap(fault)
    return this.#strikeNode(fault)
  }

  async #strikeNode(fault: PlannedFault): Promise<void> {
    const { ring, tell } = this.#modules
    const node = pick(ring.running, fault.who)
    const other = pick(ring.running, fault.other)
    if (node === undefined || other === undefined) return
    const { kind } = fault
    const forText = lasts(fault) ? ` for ${Math.round(fault.forMs)} ms` : ''
    tell(node.host.name, `${kind}${forText}`)
    if (ENDINGS.has(kind)) return this.#stop(node, fault)
    if (kind === 'clone') return this.#clone(node, fault)
    if (kind === 'cut pair' || kind === 'one-way pair')
      return node === other ? undefined : this.#strikePair(node.host, other.host, fault)
    if (isLie(kind)) return this.#corrupt(node, fault)
    return this.#strikeMachine(node, fault)
  }

  #strikeMachine({ host, disk }: SimulatedNode, fault: PlannedFault): void {
    const { kind, strength } = fault
    if (kind === 'pause') {
      host.pause()
      this.#until(fault, () => host.resume())
    } else if (kind === 'slow link') {
      host.setLink({ latencyMs: strength * SLOW_LINK_MAX_MS })
      this.#until(fault, () => host.setLink({ latencyMs: 0 }))
    } else if (kind === 'clock jump') {
      host.setClockSkew((2 * strength - 1) * this.#plan.conditions.clockSkewMaxMs)
    } else if (kind === 'nat reboot') {
      host.realm.gateway?.reboot()
    } else if (kind === 'move') {
      if (isPublic(host) && host.place.index !== 0) host.setAddresses([this.#freshAddress()])
    } else if (kind === 'disk error') {
      disk.isBroken = true
      this.#until(fault, () => (disk.isBroken = false))
    } else {
      throw new Error(`${kind} befalls no machine`)
    }
  }

  #strikePair(one: Host, other: Host, fault: PlannedFault): void {
    const { world } = this.#modules
    if (one.attachment === other.attachment) return
    if (fault.kind === 'cut pair') {
      world.block(one, other)
      return this.#until(fault, () => world.unblock(one, other))
    }
    world.setLink(one, other, { lossProbability: 1 }, { oneWay: true })
    this.#until(fault, () => world.setLink(one, other, undefined, { oneWay: true }))
  }

  /** At most one in five lies, and never the first, which is everybody's way in. */
  #corrupt(node: SimulatedNode, { kind }: PlannedFault): void {
    const { ring, world } = this.#modules
    if (node.host.place.index === 0 || this.#lied.has(node)) return
    if (this.#lied.size * 5 >= ring.running.length) return
    this.#lied.add(node)
    this.#liarNames.add(node.host.name)
    corrupt(node, kind, world.random.fork(`liar ${node.host.name}`))
  }

  async #stop(node: SimulatedNode, fault: PlannedFault): Promise<void> {
    const { ring } = this.#modules
    if (node.host.isPaused) return
    const comesBack = fault.kind.startsWith('restart')
    if (!comesBack && ring.running.length <= RUNNING_MIN) return
    if (fault.kind === 'leave') void this.#leave(node)
    else this.#crash(node)
    if (!comesBack) return
    const isSoon = fault.strength < 0.5
    const afterMs = isSoon ? fault.strength * RESTART_SOON_MS : fault.forMs
    this.#until({ ...fault, forMs: afterMs }, () => {
      void ring.restart(node, fault.kind === 'restart without state')
    })
  }

  #massKill({ who, strength }: PlannedFault): void {
    const { ring, tell } = this.#modules
    const count = Math.ceil(ring.running.length * MASS_KILL_SHARE_MAX * strength)
    tell('network', `loses ${count} nodes at once`)
    for (let killed = 0; killed < count && ring.running.length > RUNNING_MIN; killed++) {
      const victim = pick(ring.running, (who + killed / count) % 1)
      if (victim && !victim.host.isPaused) this.#crash(victim)
    }
  }

  /** The first machine is the one bootstrap that everybody has in common. */
  #loseBootstrap(fault: PlannedFault): void {
    const { ring, tell } = this.#modules
    const first = ring.running.find(({ host }) => host.place.index === 0)
    if (first === undefined || first.host.isPaused) return
    tell(first.host.name, `is gone for ${Math.round(fault.forMs)} ms`)
    this.#crash(first)
    this.#until(fault, () => void ring.restart(first))
  }

  /** Whoever could not hand over what it stored has taken it away. */
  async #leave(node: SimulatedNode): Promise<void> {
    const { running } = this.#modules.ring
    this.#leaving.set(node, this.#partition.viewsWith(node, running))
    const isHandedOver = await node.leave().catch(() => false)
    if (isHandedOver) this.#leaving.delete(node)
    else this.#cutShort(node)
  }

  #cutShort(node: SimulatedNode): void {
    const views = this.#leaving.get(node)
    if (this.#leaving.delete(node) && views) this.#modules.values.noteLoss(node, views)
  }

  #crash(node: SimulatedNode): void {
    const { ring, values } = this.#modules
    values.noteLoss(node, this.#partition.viewsWith(node, ring.running))
    node.crash()
  }

  async #clone(node: SimulatedNode, fault: PlannedFault): Promise<void> {
    const clone = await this.#modules.ring.clone(node)
    this.#clones.add(clone)
    this.#until(fault, () => clone.crash())
  }

  #split(fault: PlannedFault): void {
    const { ring, tell, values } = this.#modules
    if (this.groups.length > 0) return
    const [least, most] = this.#plan.parts
    const parts = least + Math.floor(fault.strength * (most - least + 0.999))
    const hosts = [...ring.nodes, ...this.#clones].map((node) => node.host)
    this.#partition.split(hosts, parts, Math.floor(fault.who * 0xffff))
    values.noteSplit(true)
    tell('network', `splits into ${this.groups.map((group) => group.length).join(' + ')} nodes`)
    this.#until(fault, () => {
      this.#partition.heal()
      values.noteSplit(false)
      tell('network', 'heals')
    })
  }

  #lossBurst(fault: PlannedFault): void {
    const { world, tell } = this.#modules
    const { lossProbability } = this.#plan.conditions
    const burst = Math.max(lossProbability, fault.strength * BURST_LOSS_MAX)
    world.setDefaultLink({ lossProbability: burst })
    tell('network', `loses ${Math.round(100 * burst)} % for ${Math.round(fault.forMs)} ms`)
    this.#until(fault, () => world.setDefaultLink({ lossProbability }))
  }

  #until({ forMs }: PlannedFault, end: () => void): void {
    this.#ongoing.add({ endsAtMs: this.#modules.world.elapsedMs() + forMs, end })
  }

  #end(ongoing: Ongoing): void {
    this.#ongoing.delete(ongoing)
    ongoing.end()
  }

  #freshAddress(): string {
    const number = this.#moves++
    return `10.200.${number >> 8}.${number & 0xff}`
  }
}

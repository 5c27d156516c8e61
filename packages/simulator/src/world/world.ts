/** A simulated world: hosts, the network between them, and virtual time. */
import { SimulationError } from '../errors.ts'
import { SimHost } from '../host/sim-host.ts'
import { DEFAULT_LATENCY_MS, EVENTS_PER_TURN, RUN_LIMIT_MS, RUN_UNTIL_LIMIT_MS } from '../limits.ts'
import { constantLatency } from '../network/latency.ts'
import type { Place } from '../network/latency.ts'
import type { LinkProperties } from '../network/link.ts'
import { easyNat, Nat } from '../network/nat.ts'
import { Network } from '../network/network.ts'
import type { SendListener } from '../network/network.ts'
import { Reachability } from '../network/reachability.ts'
import { SeededRandom } from '../random/seeded-random.ts'
import { defaultAddress, linkOf } from './defaults.ts'
import { LogBook } from './log-book.ts'
import type { LogRecord } from './log-book.ts'
import type { HostOptions, NatOptions, WorldOptions } from './options.ts'
import { quiesce, Scheduler, yieldToEngine } from './scheduler.ts'
import { WorldStats } from './stats.ts'
import { PacketTrace } from './trace.ts'
import type { PacketRecord } from './trace.ts'

/** A deterministic network of machines. */
export class World {
  readonly random: SeededRandom
  readonly stats = new WorldStats()
  readonly #scheduler = new Scheduler()
  readonly #trace = new PacketTrace()
  readonly #logBook: LogBook
  readonly #network: Network
  readonly #reachability: Reachability
  readonly #hosts = new Map<string, SimHost>()
  readonly #names = new Map<string, readonly string[]>()
  readonly #poisonsBuffers: boolean
  #places = 0
  #isRunning = false

  constructor(options: WorldOptions) {
    this.random = new SeededRandom(options.seed)
    this.#poisonsBuffers = options.poisonsBuffers ?? true
    this.#logBook = new LogBook({ level: options.logLevel ?? 'info', print: options.print })
    const random = this.random.fork('network')
    this.#reachability = new Reachability(random.uint32(), options.brokenProbability ?? 0)
    const latency = options.latencyMs ?? DEFAULT_LATENCY_MS
    const model = typeof latency === 'number' ? constantLatency(latency) : latency
    const { stats } = this
    const shared = { scheduler: this.#scheduler, trace: this.#trace, stats, random }
    const modules = { ...shared, reachability: this.#reachability, latency: model(random) }
    this.#network = new Network(modules, { defaultLink: linkOf(options) })
  }

  /** The hosts, in the order they were added. */
  get hosts(): readonly SimHost[] {
    return [...this.#hosts.values()]
  }

  /** Number of events executed so far. */
  get eventsExecuted(): number {
    return this.#scheduler.executed
  }

  /** Returns virtual milliseconds since the world began. */
  elapsedMs(): number {
    return this.#scheduler.now
  }

  /** Returns a hash over every packet so far: its time, ends, bytes and fate. Equal runs have equal hashes. */
  traceHash(): string {
    return this.#trace.digest()
  }

  /** Returns the newest packets, oldest first. */
  packets(): PacketRecord[] {
    return this.#trace.recent()
  }

  /** Returns the newest log records, oldest first. */
  logs(): LogRecord[] {
    return this.#logBook.records()
  }

  /** Calls `listener` for every datagram that is sent; returns how to stop that. */
  onSend(listener: SendListener): () => void {
    this.#network.sendListeners.add(listener)
    return () => this.#network.sendListeners.delete(listener)
  }

  /** Adds a machine. */
  addHost(options: HostOptions = {}): SimHost {
    const place = this.#place(options.name, 'host')
    const realm = options.behind?.inner ?? this.#network.publicRealm
    const addresses = options.addresses ?? [defaultAddress(place.index)]
    for (const address of addresses) {
      if (!realm.members.has(address)) continue
      throw new SimulationError('SIM_ADDRESS_TAKEN', `two hosts with address ${address}`)
    }
    const modules = {
      scheduler: this.#scheduler,
      network: this.#network,
      logBook: this.#logBook,
      random: this.random.fork(`host ${place.name}`),
      stats: this.stats.addHost(place.name),
      lookup: (hostName: string) => this.#names.get(hostName.toLowerCase()) ?? [],
    }
    const { segment } = options
    const settings = { place, realm, addresses, poisonsBuffers: this.#poisonsBuffers, segment }
    const host = new SimHost(modules, settings)
    for (const address of addresses) realm.members.set(address, host)
    if (options.link !== undefined) host.setLink(options.link)
    host.setClockSkew(options.clockSkewMs ?? 0)
    this.#hosts.set(place.name, host)
    return host
  }

  /** Adds a NAT; hosts with `behind: nat` stand behind it. */
  addNat(options: NatOptions): Nat {
    const outer = options.behind?.inner ?? this.#network.publicRealm
    const place = this.#place(options.name, 'nat')
    const address = options.address ?? defaultAddress(place.index)
    if (outer.members.has(address)) {
      throw new SimulationError('SIM_ADDRESS_TAKEN', `two hosts with address ${address}`)
    }
    const behaviour = { ...easyNat, ...options.behaviour }
    const random = this.random.fork(`nat ${place.name}`)
    const nat = new Nat({ random, outer }, { place, address, behaviour })
    outer.members.set(address, nat)
    return nat
  }

  /** Makes a host name resolve to `addresses`; an empty list removes it. */
  setName(hostName: string, addresses: readonly string[]): void {
    this.#names.set(hostName.toLowerCase(), addresses)
  }

  /** Changes the path between two hosts (or NATs); `undefined` restores the default. */
  setLink(
    one: SimHost | Nat,
    other: SimHost | Nat,
    link: Partial<LinkProperties> | undefined,
    options: { readonly oneWay?: boolean } = {},
  ): void {
    this.#network.setPairLink(one.attachment, other.attachment, link)
    if (options.oneWay !== true) this.#network.setPairLink(other.attachment, one.attachment, link)
  }

  /** Changes the properties of all paths, e.g. `{ lossProbability: 0 }`. */
  setDefaultLink(link: Partial<LinkProperties>): void {
    this.#network.changeDefaultLink(link)
  }

  /** Separates groups of hosts; hosts in no group form one more group. */
  partition(groups: readonly (readonly SimHost[])[]): void {
    this.#reachability.partition(groups.map((group) => group.map((host) => host.place)))
  }

  /** Ends the partition. */
  heal(): void {
    this.#reachability.heal()
  }

  /** Cuts one pair of hosts off from each other. */
  block(one: SimHost, other: SimHost): void {
    this.#reachability.block(one.place, other.place)
  }

  /** Undoes `block`. */
  unblock(one: SimHost, other: SimHost): void {
    this.#reachability.unblock(one.place, other.place)
  }

  /** Returns whether packets can pass between two hosts as far as partitions and blocks are concerned. */
  canReach(one: SimHost, other: SimHost): boolean {
    return this.#reachability.cutBetween(one.place, other.place) === undefined
  }

  /** Returns how long a packet travels from one host to another, its jitter and queues left out. */
  latencyMs(from: SimHost, to: SimHost): number {
    return this.#network.linkBetween(from, to).latencyMs
  }

  /** Schedules an action of the test itself. */
  at(whenMs: number, action: () => void): void {
    this.#scheduler.schedule(whenMs, action)
  }

  /** Runs until a virtual instant (`untilMs`), for a while (`forMs`), or until nothing is left to happen. */
  async run(options: { readonly untilMs?: number; readonly forMs?: number } = {}): Promise<void> {
    const now = this.#scheduler.now
    const end = options.untilMs ?? now + (options.forMs ?? RUN_LIMIT_MS)
    const runsDry = options.untilMs === undefined && options.forMs === undefined
    await this.#loop(end, () => false)
    if (!runsDry) this.#scheduler.advanceTo(end)
  }

  /**
   * Runs until `predicate` holds and returns true, or returns false after `limitMs`. The predicate is asked after
   * every event, or every `everyMs` of virtual time, which is the thing to do when it is costly.
   */
  async runUntil(
    predicate: () => boolean,
    options: { readonly limitMs?: number; readonly everyMs?: number } = {},
  ): Promise<boolean> {
    const end = this.#scheduler.now + (options.limitMs ?? RUN_UNTIL_LIMIT_MS)
    const { everyMs } = options
    if (everyMs === undefined) {
      const isDone = await this.#loop(end, predicate)
      if (!isDone) this.#scheduler.advanceTo(end)
      return isDone
    }
    await quiesce()
    while (!predicate()) {
      const now = this.#scheduler.now
      if (now >= end) return false
      await this.run({ untilMs: Math.min(end, now + everyMs) })
    }
    return true
  }

  /** Runs until `promise` settles and returns its value; rejects with SIM_UNSETTLED after `limitMs`. */
  async settle<T>(promise: Promise<T>, options: { readonly limitMs?: number } = {}): Promise<T> {
    let isSettled = false
    const watched = promise.finally(() => (isSettled = true))
    watched.catch(() => undefined)
    const limitMs = options.limitMs ?? RUN_UNTIL_LIMIT_MS
    if (await this.runUntil(() => isSettled, { limitMs })) return watched
    throw new SimulationError('SIM_UNSETTLED', `a promise is pending after ${limitMs} virtual ms`)
  }

  async #loop(end: number, isDone: () => boolean): Promise<boolean> {
    if (this.#isRunning) {
      throw new SimulationError('SIM_ALREADY_RUNNING', 'two runs of one world at a time')
    }
    this.#isRunning = true
    try {
      await quiesce()
      while (!isDone()) {
        if (!this.#scheduler.step(end)) return false
        const isTurn = this.#scheduler.executed % EVENTS_PER_TURN === 0
        await (isTurn ? yieldToEngine() : quiesce())
      }
      return true
    } finally {
      this.#isRunning = false
    }
  }

  #place(name: string | undefined, kind: string): Place {
    const index = this.#places++
    const place = { name: name ?? `${kind}-${index}`, index }
    if (this.stats.hosts[place.name] !== undefined) {
      throw new SimulationError('SIM_NAME_TAKEN', `two hosts named ${place.name}`)
    }
    return place
  }
}

/** One overlay node on a simulated machine, with what the scenarios need to know of it. */
import { Dht } from '@ipop/dht'
import { OverlayNode } from '@ipop/overlay'
import { Identity } from '@ipop/security'
import type { Host, RingNodeView } from '@ipop/simulator'
import { TransportAddress, UdpEdgeListener } from '@ipop/transport'
import { NODE_PORT } from '../limits.ts'
import { SimulatedDisk, VirtualHost } from './virtual-host.ts'

/** A network of 254 machines unless the scenario has another. */
const LAN_HOST_BITS = 8

/** How the nodes of one simulation are made. */
export interface NodeSettings {
  readonly namespace: string
  /** Whether each node runs a DHT. */
  readonly runsDht: boolean
  /** Whether each node has a place in a virtual network; it needs the DHT. */
  readonly runsLan?: boolean | undefined
  /** Size of the virtual network, as the bits that tell its machines apart. */
  readonly lanHostBits?: number
}

/** What outlives the process of a node. */
export interface NodeState {
  readonly identity: Identity
  readonly disk: SimulatedDisk
}

/** A node and its machine. */
export class SimulatedNode {
  readonly host: Host
  readonly overlay: OverlayNode
  readonly identity: Identity
  /** The node's part of the DHT, in simulations that have one. */
  readonly dht: Dht | undefined
  /** Its place in the virtual network, in simulations that have one. */
  readonly lan: VirtualHost | undefined
  /** The machines that its configuration names as bootstraps. */
  readonly hints: readonly Host[]
  /** What it keeps over restarts. */
  readonly disk: SimulatedDisk
  /** Virtual time at which it was started. */
  readonly startedAt: number
  /** Virtual time at which it had its place in the ring. */
  connectedAt: number | undefined
  /** Its neighbours at that time. */
  neighborsWhenConnected: ReturnType<OverlayNode['neighbors']> | undefined
  #isRunning = true

  private constructor(
    host: Host,
    overlay: OverlayNode,
    { identity, disk }: NodeState,
    hints: readonly Host[],
    settings: NodeSettings,
  ) {
    this.host = host
    this.hints = hints
    this.overlay = overlay
    this.identity = identity
    this.disk = disk
    const { clock, timers, random, log } = host.runtime
    this.startedAt = clock.now()
    const wallTimeMs = (): number => clock.wallTimeMs()
    const modules = { ring: overlay, clock, timers, random: random.fork('dht'), log, wallTimeMs }
    this.dht = settings.runsDht ? new Dht(modules, { identity }) : undefined
    const hostBits = settings.lanHostBits ?? LAN_HOST_BITS
    this.lan =
      this.dht && settings.runsLan === true
        ? new VirtualHost({ runtime: host.runtime, overlay, dht: this.dht, disk, hostBits })
        : undefined
  }

  /** Opens a port on `host` and starts a node that looks for the ring at `hints`. */
  static async start(
    host: Host,
    hints: readonly Host[],
    settings: NodeSettings,
    known?: NodeState,
  ): Promise<SimulatedNode> {
    const { runtime } = host
    const state = known ?? newState(host)
    const { identity } = state
    const listener = await UdpEdgeListener.open(runtime, { host: '0.0.0.0', port: NODE_PORT })
    const remoteTas = hints.map(({ address }) =>
      TransportAddress.udp({ host: address, port: NODE_PORT }),
    )
    const { namespace } = settings
    const options = { identity, namespace, listeners: [listener], remoteTas }
    const overlay = OverlayNode.create(runtime, options)
    const node = new SimulatedNode(host, overlay, state, hints, settings)
    node.dht?.start()
    overlay.start().then(
      () => node.#connected(),
      () => undefined,
    )
    return node
  }

  /** Whether it has neither crashed nor left. */
  get isRunning(): boolean {
    return this.#isRunning
  }

  /** Ends it without a goodbye. */
  crash(): void {
    this.#isRunning = false
    this.host.crash()
  }

  /** Lets it say goodbye; resolves when its machine is off, with whether others have all that it stored. */
  async leave(): Promise<boolean> {
    this.#isRunning = false
    const { runtime } = this.host
    await this.lan?.mapper.stop()
    const isHandedOver = (await this.dht?.leave()) ?? true
    await this.overlay.leave()
    // The machine may have been booted anew meanwhile; what runs there now is another process.
    if (this.host.runtime === runtime) this.host.crash()
    return isHandedOver
  }

  #connected(): void {
    this.connectedAt = this.host.runtime.clock.now()
    this.neighborsWhenConnected = this.overlay.neighbors()
    this.lan?.mapper.start()
  }

  /** Returns what the checkers of the ring look at. */
  view(): RingNodeView {
    const { address } = this.overlay
    if (!this.#isRunning) return { address, isAlive: false, connections: [] }
    const { left, right } = this.overlay.neighbors()
    const near = this.overlay.nearNeighbors()
    return {
      address,
      isAlive: true,
      left,
      right,
      nearLeft: near.left,
      nearRight: near.right,
      connections: this.overlay.connections.all().map((connection) => connection.address),
    }
  }
}

function newState(host: Host): NodeState {
  return {
    identity: Identity.create(host.runtime.random.fork('identity')),
    disk: new SimulatedDisk(),
  }
}

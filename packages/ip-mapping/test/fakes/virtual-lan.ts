/** Complete nodes in simulated time: real overlay, real DHT, real IP mapping, a fake device. */
import { Dht } from '@ipop/dht'
import { findNode, OverlayNode } from '@ipop/overlay'
import { Identity } from '@ipop/security'
import { World, type Host, type WorldOptions } from '@ipop/simulator'
import { TransportAddress, UdpEdgeListener } from '@ipop/transport'
import { IpMapper, type IpMapperOptions } from '../../src/index.ts'
import { FakeDevice, parseSettings, SETTINGS } from './fake-network.ts'

const PORT = 40_000

/** One machine of the LAN. */
export interface LanNode {
  readonly host: Host
  readonly overlay: OverlayNode
  readonly dht: Dht
  readonly mapper: IpMapper
  readonly device: FakeDevice
  readonly events: string[]
  isAlive: boolean
  ip(): string | undefined
}

/** What may differ between nodes. */
export type LanNodeOptions = Partial<IpMapperOptions> & {
  /** Whether it has the settings in a file. */
  readonly hasFile?: boolean
  readonly settings?: never
  readonly fields?: Partial<typeof SETTINGS>
}

/** Machines that share one virtual network. */
export class VirtualLan {
  readonly world: World
  readonly nodes: LanNode[] = []

  constructor(options: WorldOptions) {
    this.world = new World(options)
  }

  /** The nodes that did not crash. */
  get alive(): LanNode[] {
    return this.nodes.filter((node) => node.isAlive)
  }

  /** Adds a node that joins through the first one, and takes an address once it is connected. */
  async add(options: LanNodeOptions = {}, remotes = this.nodes.slice(0, 1)): Promise<LanNode> {
    const host = this.world.addHost()
    const { runtime } = host
    const identity = Identity.create(runtime.random.fork('identity'))
    const listener = await UdpEdgeListener.open(runtime, { host: '0.0.0.0', port: PORT })
    const remoteTas = remotes.map((node) =>
      TransportAddress.udp({ host: node.host.addresses[0] ?? '', port: PORT }),
    )
    const overlay = OverlayNode.create(runtime, {
      identity,
      namespace: 'lan',
      listeners: [listener],
      remoteTas,
    })
    const { clock, timers, random, log } = runtime
    const wallTimeMs = () => clock.wallTimeMs()
    const dht = new Dht(
      { ring: overlay, clock, timers, random: random.fork('dht'), log, wallTimeMs },
      { identity },
    )
    const device = new FakeDevice()
    const mapper = createMapper({ host, overlay, dht, device }, options)
    const events: string[] = []
    mapper.onAddress((ip) => events.push(`address ${ip}`))
    mapper.onAddressLost((ip, cause) => events.push(`lost ${ip} ${cause}`))
    mapper.onConflict((ip) => events.push(`conflict ${ip}`))
    const ip = () => mapper.virtualIps()[0]
    const node: LanNode = { host, overlay, dht, mapper, device, events, isAlive: true, ip }
    this.nodes.push(node)
    dht.start()
    overlay.start().then(
      () => mapper.start(),
      () => undefined,
    )
    return node
  }

  /** Adds `count` nodes at once. */
  async addAll(count: number, options: LanNodeOptions = {}): Promise<void> {
    for (let added = 0; added < count; added += 1) {
      await this.add({ ...options, hasFile: options.hasFile ?? this.nodes.length === 0 })
    }
  }

  /** Runs until every living node has an address; throws with who has none. */
  async untilAddressed(limitMs = 60_000): Promise<number> {
    const isDone = () => this.alive.every((node) => node.ip() !== undefined)
    if (await this.world.runUntil(isDone, { limitMs, everyMs: 100 })) return this.world.elapsedMs()
    const without = this.alive.filter((node) => node.ip() === undefined)
    const states = without.map(({ overlay, mapper }) => {
      return `${overlay.state} ${mapper.status().lease?.state ?? 'no settings'}`
    })
    throw new Error(`${without.length} without an address: ${states.slice(0, 5).join(', ')}`)
  }

  /** Returns addresses that more than one living node believes to own. */
  doubles(nodes: readonly LanNode[] = this.alive): string[] {
    const seen = new Map<string, number>()
    for (const node of nodes) {
      const ip = node.ip()
      if (ip !== undefined) seen.set(ip, (seen.get(ip) ?? 0) + 1)
    }
    return [...seen].filter(([, count]) => count > 1).map(([ip]) => ip)
  }

  /** Ends a node without a goodbye. */
  crash(node: LanNode): void {
    node.isAlive = false
    node.host.crash()
  }
}

function createMapper(
  { host, overlay, dht, device }: Pick<LanNode, 'host' | 'overlay' | 'dht' | 'device'>,
  { hasFile, fields, ...options }: LanNodeOptions,
): IpMapper {
  const { clock, timers, random, log } = host.runtime
  const settings = { ...SETTINGS, ...fields }
  return new IpMapper(
    {
      clock,
      timers,
      random: random.fork('ip'),
      log,
      dht,
      device,
      parseSettings,
      carrier: {
        address: overlay.address,
        sendIp: (peer, packet) => overlay.sendIp(peer, packet),
        connectOnDemand: (peer) => overlay.connectOnDemand(peer),
        onIpPacket: (handler) => overlay.onIpPacket(handler),
        findNode: (position, isWanted) => findNode(overlay, position, isWanted),
        onChannelUp: (listener) => overlay.onPeerUp(listener),
        onPeerDown: (listener) => overlay.onPeerDown(listener),
        onPeerUnreachable: (listener) => overlay.onPeerUnreachable(listener),
        onNeighborsChanged: (listener) => overlay.onNeighborsChanged(listener),
      },
    },
    {
      namespace: 'lab',
      ...options,
      settings: hasFile === true ? { fields: settings, text: JSON.stringify(settings) } : undefined,
    },
  )
}

/** Carriers and devices in memory, and complete nodes on top of them. */
import { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import { silentLog } from '@ipop/runtime'
import { SeededRandom } from '@ipop/simulator'
import { formatIpv4, IpMapper, type Ipv4, type IpMapperOptions } from '../../src/index.ts'
import type { SettingsParser } from '../../src/lease/network-settings.ts'
import type { ForwardingTable, IpCarrier, NodeFinder, VirtualDevice } from '../../src/services.ts'
import { FakeDht, FakeDhtStore } from './fake-dht.ts'
import { FakeTime } from './fake-time.ts'

/** A device that remembers what was written. */
export class FakeDevice implements VirtualDevice {
  readonly name = 'tun0'
  mtu = 1_420
  isTap: boolean
  readonly written: Uint8Array[] = []
  readonly batches: number[] = []
  #handler: (packets: Uint8Array[]) => void = () => undefined

  constructor(isTap = false) {
    this.isTap = isTap
  }

  write(packets: Uint8Array[]): number {
    this.batches.push(packets.length)
    this.written.push(...packets.map((packet) => packet.slice()))
    return packets.length
  }

  onPackets(handler: (packets: Uint8Array[]) => void): void {
    this.#handler = handler
  }

  /** Sends packets as the host would. */
  send(...packets: Uint8Array[]): void {
    this.#handler(packets)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** Delivers packets between the carriers of one world. */
export class FakeCarrier implements IpCarrier {
  readonly address: Address
  readonly sent: { peer: Address; packet: Uint8Array }[] = []
  readonly sessions = new Set<string>()
  readonly wanted: string[] = []
  /** Whether sessions come up when they are wanted. */
  isConnecting = true
  /** Longest packet that reaches any peer. */
  pathBytesMax: number | undefined
  /** Searches for nodes so far. */
  searches = 0
  /** What becomes of searches: the truth, an error, or a node that is none. */
  searchResult: 'truth' | 'error' | Address = 'truth'
  readonly #world: FakeWorld
  #onPacket: (packet: Uint8Array, from: Address) => void = () => undefined
  #onUp: (peer: Address) => void = () => undefined
  #onDown: (peer: Address) => void = () => undefined
  #onNeighbors: () => void = () => undefined

  constructor(world: FakeWorld, address: Address) {
    this.#world = world
    this.address = address
  }

  sendIp(peer: Address, packet: Uint8Array): boolean {
    if (!this.sessions.has(peer.key)) return false
    const copy = packet.slice()
    this.sent.push({ peer, packet: copy })
    this.#world.carry(this.address, peer, copy)
    return true
  }

  readonly findNode: NodeFinder = async (_position, isWanted) => {
    this.searches += 1
    await this.#world.time.sleep(20)
    if (this.searchResult === 'error') throw new Error('nobody answers')
    if (this.searchResult !== 'truth') return this.searchResult
    return this.#world.nodes.map(({ address }) => address).find(isWanted)
  }

  packetBytesMax(): number | undefined {
    return this.pathBytesMax
  }

  connectOnDemand(peer: Address): void {
    this.wanted.push(peer.key)
    if (!this.isConnecting || this.sessions.has(peer.key)) return
    this.#world.time.timers.at(this.#world.time.now + 100, 'connect', () => {
      this.#world.connect(this.address, peer)
    })
  }

  onIpPacket(handler: (packet: Uint8Array, from: Address) => void): void {
    this.#onPacket = handler
  }

  onChannelUp(listener: (peer: Address) => void): void {
    this.#onUp = listener
  }

  onPeerDown(listener: (peer: Address) => void): void {
    this.#onDown = listener
  }

  onNeighborsChanged(listener: () => void): void {
    this.#onNeighbors = listener
  }

  up(peer: Address): void {
    this.sessions.add(peer.key)
    this.#onUp(peer)
  }

  down(peer: Address): void {
    this.sessions.delete(peer.key)
    this.#onDown(peer)
  }

  neighborsChanged(): void {
    this.#onNeighbors()
  }

  receive(packet: Uint8Array, from: Address): void {
    this.#onPacket(packet, from)
  }
}

/** One node of a fake world. */
export interface FakeNode {
  readonly address: Address
  readonly dht: FakeDht
  readonly carrier: FakeCarrier
  readonly device: FakeDevice
  readonly mapper: IpMapper
  readonly saved: Ipv4[]
  /** What the mapper told, in order. */
  readonly events: string[]
  ip(): string | undefined
}

/** Options of a node. */
export type FakeNodeOptions = Partial<IpMapperOptions> & {
  readonly store?: FakeDhtStore
  readonly previous?: Ipv4
  readonly address?: Address
  readonly forwarding?: ForwardingTable
  readonly isTap?: boolean
}

/** Settings in the form the test parser reads: JSON. */
export const SETTINGS = {
  namespace: 'lab',
  ipBase: '10.7.0.0',
  netmask: '255.255.0.0',
  leaseTimeSeconds: 3_600,
}

/** Reads JSON settings. */
export const parseSettings: SettingsParser = (text) => {
  try {
    return JSON.parse(text) as typeof SETTINGS
  } catch {
    return new Malformed('not JSON')
  }
}

/** Several nodes with a common DHT. */
export class FakeWorld {
  readonly time = new FakeTime()
  readonly store = new FakeDhtStore()
  readonly nodes: FakeNode[] = []
  readonly random: SeededRandom
  latencyMs = 10
  readonly #carriers = new Map<string, FakeCarrier>()

  constructor(seed = 1) {
    this.random = new SeededRandom(seed)
  }

  /** Makes a node; start its mapper yourself. */
  node(options: FakeNodeOptions = {}): FakeNode {
    const address = options.address ?? Address.random(this.random)
    const dht = new FakeDht(this.time, options.store ?? this.store, address)
    const carrier = new FakeCarrier(this, address)
    const device = new FakeDevice(options.isTap)
    const saved: Ipv4[] = []
    const mapper = new IpMapper(
      {
        clock: this.time.clock,
        timers: this.time.timers,
        random: this.random.fork(`node ${this.nodes.length}`),
        log: silentLog,
        dht,
        carrier,
        device,
        parseSettings,
        store: { load: () => options.previous, save: (ip) => saved.push(ip) },
        forwarding: options.forwarding,
      },
      { namespace: 'lab', ...options },
    )
    const events: string[] = []
    mapper.onAddress((ip, length) => events.push(`address ${ip}/${length}`))
    mapper.onAddressLost((ip, cause) => events.push(`lost ${ip} ${cause}`))
    mapper.onConflict((ip, wasHeld) => events.push(`conflict ${ip} ${wasHeld ? 'held' : 'wanted'}`))
    const ip = () => mapper.virtualIps()[0]
    const node = { address, dht, carrier, device, mapper, saved, events, ip }
    this.nodes.push(node)
    this.#carriers.set(address.key, carrier)
    return node
  }

  /** Makes a node that publishes the settings. */
  founder(options: FakeNodeOptions = {}): FakeNode {
    return this.node({
      settings: { fields: SETTINGS, text: JSON.stringify(SETTINGS) },
      ...options,
    })
  }

  /** Makes two nodes with addresses and a session. */
  async pair(options: FakeNodeOptions = {}): Promise<{ left: FakeNode; right: FakeNode }> {
    const left = this.founder(options)
    const right = this.node(options)
    left.mapper.start()
    right.mapper.start()
    await this.time.until(() => left.ip() !== undefined && right.ip() !== undefined, 10_000)
    return { left, right }
  }

  connect(left: Address, right: Address): void {
    this.#carriers.get(left.key)?.up(right)
    this.#carriers.get(right.key)?.up(left)
  }

  carry(from: Address, to: Address, packet: Uint8Array): void {
    this.time.timers.at(this.time.now + this.latencyMs, 'carry', () => {
      this.#carriers.get(to.key)?.receive(packet, from)
    })
  }
}

/** Formats for failure messages. */
export function ipText(ip: Ipv4): string {
  return formatIpv4(ip)
}

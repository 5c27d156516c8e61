/** What the management interfaces need from a running node, as small structural interfaces. */
import type { Address } from '@ipop/address'
import type { CborValue, Malformed } from '@ipop/codec'
import type { PacketTrace, SessionTroubles } from 'napi-rs-tun'

export type { PacketTrace, TraceBatch, TraceLimits } from 'napi-rs-tun'

/** A node's neighbours on the ring. */
export interface RingNeighbors {
  readonly left?: Address | undefined
  readonly left2?: Address | undefined
  readonly right?: Address | undefined
  readonly right2?: Address | undefined
}

/** How a call finds its target on the ring. */
export type RoutingMode = 'exact' | 'greedy' | 'both'

/** One answer to a call. */
export interface RingReply {
  readonly from: Address
  readonly result: CborValue
  readonly hops: number
}

/** Choices for one call. */
export interface RingCallOptions {
  readonly mode?: RoutingMode
  readonly timeoutMs?: number
  /** Answers after which the call is over. */
  readonly repliesMax?: number
}

/** Who called a method, and how far away. */
export interface RingCaller {
  readonly source: Address
  readonly hops: number
}

/** One session with a peer, as far as it is shown. */
export interface ConnectionView {
  readonly address: Address
  /** Names of the roles it plays. */
  readonly roles: readonly string[]
  /** Kinds of its open edges, the active one first. */
  readonly edgeKinds: readonly string[]
  /** Where the active edge leads, when it has an address. */
  readonly remote?: string | undefined
  /** Address of the node that forwards, when the active edge goes through one. */
  readonly relay?: string | undefined
  readonly rttMs?: number | undefined
  /** How long the active edge has been that, and how long the session has been up. */
  readonly activeForMs?: number | undefined
  readonly connectedForMs?: number | undefined
  /** Longest datagram that the active path carries whole, where that was asked. */
  readonly datagramBytesMax?: number | undefined
  /** Frames of the session so far; at most a second old. */
  readonly traffic?: PeerTraffic | undefined
  /** What was refused; absent where JavaScript carries the packets. */
  readonly refusals?: Refusals | undefined
  /** How often its key was replaced. */
  readonly rekeys?: number | undefined
}

/** One way to a peer and what became of it. */
export interface PathView {
  readonly endpoint: string
  readonly kind: string
  readonly origin: string
  readonly outcome: string
  readonly tries: number
  readonly rttMs?: number
  readonly heardMsAgo?: number
  readonly activeForMs?: number
}

/** Frames of one session and their bytes. */
export interface PeerTraffic {
  readonly packetsIn: number
  readonly packetsOut: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** Packets and datagrams of a peer that the data plane did not let through, under all keys of its session, by reason. */
export type Refusals = SessionTroubles

/** How a node can be reached, as far as it knows. */
export interface ReachView {
  /** How NATs map its ports: unknown, independent, sequential or random. */
  readonly mapping: string
  /** Where others see it, when that is another address than its own. */
  readonly outside?: string | undefined
  /** The transport addresses it offers. */
  readonly endpoints: readonly string[]
  /** Kinds of edges over which others told where they see it. */
  readonly heardOver: readonly string[]
}

/** What a node finds out about its reach when it is asked to. */
export interface ReachCheckView {
  /** Who is let in by the filters in front of it, by family: unknown, independent, address or less, address, port. */
  readonly filtering: { readonly ipv4: string; readonly ipv6: string }
  /** The configured bootstraps, one for each address of their names. */
  readonly bootstraps: readonly BootstrapView[]
}

/** One address of a bootstrap. */
export interface BootstrapView {
  /** As configured. */
  readonly address: string
  /** As asked; absent where its name does not resolve. */
  readonly endpoint?: string
  readonly kind: string
  readonly family?: 4 | 6
  /** The node that answered, and after how long; absent when none did. */
  readonly node?: string
  readonly rttMs?: number
}

/** A ring node, as far as the management interfaces use it. */
export interface RingNode {
  readonly address: Address
  /** offline, joining, connected or leaving. */
  readonly state: string
  /** Returns the neighbours on both sides. */
  neighbors(): RingNeighbors
  /** Returns the sessions with peers. */
  connections(): readonly ConnectionView[]
  /** Returns every way to a peer that was tried; undefined while nothing is known of it. */
  paths(peer: Address): readonly PathView[] | undefined
  /** Returns the transport addresses this node can be reached at. */
  localAddresses(): readonly string[]
  /** Returns how this node can be reached, as far as it knows. */
  reach(): ReachView
  /** Calls a method on the node at or nearest to `target`. */
  call(
    target: Address,
    method: string,
    args: CborValue,
    options?: RingCallOptions,
  ): Promise<readonly RingReply[]>
  /** Serves a method to other nodes. */
  handle<T>(
    method: string,
    schema: (args: CborValue) => T | Malformed,
    handler: (args: T, caller: RingCaller) => CborValue | Promise<CborValue>,
  ): void
  /** Returns the next node on the way to `target`, itself when it is the nearest. */
  nextHop(target: Address): Address
}

/** A value read from the DHT. */
export interface StoredValue {
  readonly value: Uint8Array
  readonly ageSeconds: number
  readonly ttlSeconds: number
}

/** The DHT, as far as the management interfaces use it. */
export interface DhtService {
  /** Adds or renews a value. */
  put(key: Uint8Array | string, value: Uint8Array, ttlSeconds: number): Promise<void>
  /** Stores or renews the only value of a key. */
  create(key: Uint8Array | string, value: Uint8Array, ttlSeconds: number): Promise<void>
  /** Returns the values of a key. */
  get(key: Uint8Array | string): Promise<readonly StoredValue[]>
  /** Removes one's own value. */
  release(key: Uint8Array | string, value?: Uint8Array): Promise<boolean>
  /** Returns the number of pairs stored at this node. */
  count(): number
  /** Returns the pairs stored at this node. */
  dump(): Promise<readonly LocalEntry[]>
}

/** One pair stored at this node. */
export interface LocalEntry {
  /** Hash of the key; the key itself is not stored. */
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** Wall-clock times in milliseconds. */
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

/** The virtual network of a node, as far as the management interfaces use it. */
export interface IpService {
  /** Name of the virtual network. */
  readonly namespace: string
  /** Virtual IP addresses held now. */
  virtualIps(): readonly string[]
  /** The virtual IPv6 address, where the host has taken it. */
  readonly virtualIpv6?: string | undefined
  /** Returns the node that holds a virtual IP address. */
  resolve(ip: string): Promise<Address | undefined>
}

/** Who carries the packets of a virtual network, as far as it is shown. */
export interface DataPlaneView {
  readonly name: 'rust' | 'javascript'
  /** Why it is not the native one. */
  readonly reason?: string
  /** Which features of the kernel and its devices are in use, by name. */
  readonly features?: Readonly<Record<string, boolean>>
  /** What happened to packets there, by name. */
  readonly counters?: Readonly<Record<string, number>>
}

/** What gateways do for the ports of a node. */
export interface PortMappingView {
  /** searching, none, mapped, or private: mapped at a gateway without a public address. */
  readonly state: string
  /** What the gateway says by protocol: silent, refused or available. */
  readonly protocols: readonly {
    readonly protocol: string
    readonly state: string
    readonly reason?: string
  }[]
  /** Transport addresses that lead here from everywhere. */
  readonly mapped: readonly string[]
  /** The gateway's own address outside, where that is not a public one. */
  readonly privateHost?: string
}

/** What a node calls itself in `Information.Info`. */
export type NodeKind = 'BasicNode' | 'MultiNode' | 'IpopNode'

/** One node with everything its management interfaces show. */
export interface ManagedNode {
  readonly kind: NodeKind
  /** Name of the ring. */
  readonly namespace: string
  readonly ring: RingNode
  readonly dht: DhtService
  readonly ip?: IpService | undefined
  /** Returns who carries the packets; absent without a virtual network. */
  readonly dataPlane?: (() => DataPlaneView) | undefined
  /** Records packets; absent without a virtual network. */
  readonly trace?: PacketTrace | undefined
  /** Returns what gateways do for the ports of the process; nothing where that is turned off. */
  readonly portMapping?: (() => PortMappingView | undefined) | undefined
  /** Finds out who is let in to the node and which bootstraps answer, within seconds. */
  readonly checkReach?: () => Promise<ReachCheckView>
}

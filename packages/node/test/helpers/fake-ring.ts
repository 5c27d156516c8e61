/** Rings of nodes that call each other directly, for tests of what stands on a ring. */
import { Address, closest, leftDistance } from '@ipop/address'
import { Malformed, type CborValue } from '@ipop/codec'
import type {
  ConnectionView,
  DhtService,
  LocalEntry,
  ManagedNode,
  RingCallOptions,
  RingCaller,
  RingNeighbors,
  RingNode,
  RingReply,
  StoredValue,
  PathView,
  ReachView,
} from '../../src/services.ts'

type Served = (args: CborValue, caller: RingCaller) => Promise<CborValue>

/** A ring whose nodes all know each other. */
export class FakeRing {
  readonly nodes: FakeRingNode[] = []

  /** Adds a node at a position given by one byte. */
  add(firstByte: number): FakeRingNode {
    const bytes = new Uint8Array(20)
    bytes[0] = firstByte
    const node = new FakeRingNode(this, Address.fromBytes(bytes))
    this.nodes.push(node)
    return node
  }
}

/** One node of a fake ring. */
export class FakeRingNode implements RingNode {
  readonly address: Address
  readonly state: string = 'connected'
  readonly served = new Map<string, Served>()
  isSilent = false
  readonly #ring: FakeRing

  constructor(ring: FakeRing, address: Address) {
    this.#ring = ring
    this.address = address
  }

  neighbors(): RingNeighbors {
    const others = this.#others().sort((a, b) =>
      leftDistance(this.address, a).compare(leftDistance(this.address, b)),
    )
    return { left: others[0], left2: others[1], right: others.at(-1), right2: others.at(-2) }
  }

  connections(): ConnectionView[] {
    return this.#others().map((address) => ({
      address,
      roles: ['near'],
      edgeKinds: ['udp'],
      remote: 'brunet.udp://192.0.2.1:1',
      rttMs: 2.5,
    }))
  }

  paths(peer: Address): PathView[] | undefined {
    const isKnown = this.connections().some(({ address }) => address.equals(peer))
    const path = { endpoint: 'brunet.udp://192.0.2.9:4000', kind: 'udp', origin: 'public' }
    return isKnown ? [{ ...path, outcome: 'active', tries: 3, rttMs: 2.5 }] : undefined
  }

  localAddresses(): string[] {
    return [
      'brunet.udp://192.0.2.7:4000',
      'brunet.tcp://192.0.2.7:4000',
      'brunet.udp://[fd00::7]:4000',
    ]
  }

  reach(): ReachView {
    return {
      mapping: 'sequential',
      outside: 'brunet.udp://203.0.113.1:20000',
      endpoints: this.localAddresses(),
      heardOver: ['udp'],
    }
  }

  async call(
    target: Address,
    method: string,
    args: CborValue,
    options: RingCallOptions = {},
  ): Promise<RingReply[]> {
    const addresses = this.#ring.nodes.map((node) => node.address)
    const address = options.mode === 'exact' ? target : (closest(target, addresses) ?? target)
    const node = this.#ring.nodes.find((each) => each.address.equals(address))
    if (node === undefined || node.isSilent) {
      throw Object.assign(new Error(`${method}: no answer`), { code: 'OVERLAY_TIMEOUT' })
    }
    const run = node.served.get(method)
    if (run === undefined)
      throw Object.assign(new Error('no such method'), { code: 'OVERLAY_REMOTE_ERROR' })
    return [{ from: address, result: await run(args, { source: this.address, hops: 1 }), hops: 1 }]
  }

  handle<T>(
    method: string,
    schema: (args: CborValue) => T | Malformed,
    handler: (args: T, caller: RingCaller) => CborValue | Promise<CborValue>,
  ): void {
    this.served.set(method, async (args, caller) => {
      const checked = schema(args)
      if (checked instanceof Malformed) throw new Error(checked.reason)
      return handler(checked, caller)
    })
  }

  nextHop(target: Address): Address {
    return closest(target, [this.address, ...this.#others()]) ?? this.address
  }

  #others(): Address[] {
    return this.#ring.nodes.map((node) => node.address).filter((each) => !each.equals(this.address))
  }
}

/** A DHT in one map. */
export class FakeDht implements DhtService {
  readonly entries = new Map<string, { key: Uint8Array; values: Uint8Array[] }>()
  isBroken = false

  put(key: Uint8Array | string, value: Uint8Array): Promise<void> {
    if (this.isBroken)
      return Promise.reject(
        Object.assign(new Error('DHT_QUORUM_FAILED'), { code: 'DHT_QUORUM_FAILED' }),
      )
    const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
    const entry = this.entries.get(String(bytes)) ?? { key: bytes, values: [] }
    entry.values.push(value)
    this.entries.set(String(bytes), entry)
    return Promise.resolve()
  }

  async create(key: Uint8Array | string, value: Uint8Array): Promise<void> {
    if ((await this.get(key)).length > 0)
      throw Object.assign(new Error('DHT_ENTRY_EXISTS'), { code: 'DHT_ENTRY_EXISTS' })
    await this.put(key, value)
  }

  get(key: Uint8Array | string): Promise<StoredValue[]> {
    const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
    const values = this.entries.get(String(bytes))?.values ?? []
    return Promise.resolve(values.map((value) => ({ value, ageSeconds: 3.2, ttlSeconds: 600 })))
  }

  release(key: Uint8Array | string): Promise<boolean> {
    const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
    return Promise.resolve(this.entries.delete(String(bytes)))
  }

  count(): number {
    return this.#local().length
  }

  dump(): Promise<LocalEntry[]> {
    return Promise.resolve(this.#local())
  }

  #local(): LocalEntry[] {
    return [...this.entries.values()].flatMap(({ key, values }) =>
      values.map((value) => ({ key, value, createdAtMs: 1_000_999, expiresAtMs: 2_000_000 })),
    )
  }
}

/** Returns a managed node on a fake ring. */
export function fakeNode(
  ring: FakeRingNode,
  dht: DhtService,
  ips?: ReadonlyMap<string, Address>,
): ManagedNode {
  const base = { kind: 'BasicNode', namespace: 'testing', ring, dht } as const
  if (ips === undefined) return base
  const held = [...ips].filter(([, address]) => address.equals(ring.address)).map(([ip]) => ip)
  return {
    ...base,
    kind: 'IpopNode',
    ip: {
      namespace: 'ipop_ns',
      virtualIps: () => held,
      resolve: (ip) => Promise.resolve(ips.get(ip)),
    },
  }
}

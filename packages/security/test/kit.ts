/** Builders for tests: seeded randomness, endpoints, and a toy network in virtual time. */
import { createHash } from 'node:crypto'
import { silentLog } from '@ipop/runtime'
import type { Instant, Random } from '@ipop/runtime'
import { Identity, RandomIndexAllocator, SessionEndpoint } from '../src/index.ts'
import type {
  Session,
  SessionEndpointOptions,
  SessionEvent,
  SessionPath,
  SessionTransmit,
} from '../src/index.ts'

/** Wall time at virtual instant 0. */
export const WALL_START_MS = 1_700_000_000_000

/** Returns a generator that repeats itself for the same `seed`. */
export function seededRandom(seed: number | string): Random {
  let counter = 0
  let pool = new Uint8Array(0)
  const bytes = (length: number): Uint8Array => {
    const out = new Uint8Array(length)
    for (let i = 0; i < length; i++) {
      if (pool.length === 0) {
        pool = Uint8Array.from(createHash('sha512').update(`${seed}/${counter++}`).digest())
      }
      out[i] = pool[0] ?? 0
      pool = pool.subarray(1)
    }
    return out
  }
  const uint32 = (): number => Buffer.from(bytes(4)).readUInt32LE()
  return {
    bytes,
    uint32,
    float: () => uint32() / 2 ** 32,
    below: (limit) => Math.floor((uint32() / 2 ** 32) * limit),
    fork: (label) => seededRandom(`${seed}/${label}`),
  }
}

/** A path of the toy network: the name of the node at the other end. */
export interface ToyPath extends SessionPath {
  readonly remote: string
}

/** Returns the path to `remote`. */
export function pathTo(remote: string): ToyPath {
  return { id: remote, remote, sourceBytes: new TextEncoder().encode(remote) }
}

/** One endpoint and everything that happened to it. */
export interface ToyNode {
  readonly name: string
  readonly identity: Identity
  endpoint: SessionEndpoint<ToyPath>
  readonly events: SessionEvent<ToyPath>[]
}

/** How the toy network treats datagrams. */
export interface ToyFaults {
  readonly delayMs?: number
  readonly jitterMs?: number
  readonly loss?: number
  readonly duplication?: number
  readonly isBlocked?: (from: string, to: string) => boolean
}

interface Flight {
  readonly at: Instant
  readonly from: string
  readonly to: string
  readonly bytes: Uint8Array
}

/** Nodes, datagrams in flight, and virtual time. */
export class ToyNetwork {
  now: Instant = 0
  faults: ToyFaults
  readonly nodes = new Map<string, ToyNode>()
  readonly sent: Flight[] = []
  /** Called with every event after it was recorded. */
  onEvent: (node: ToyNode, event: SessionEvent<ToyPath>) => void = () => undefined
  readonly #random: Random
  #flights: Flight[] = []
  #endpointCount = 0

  constructor(options: { readonly seed?: number; readonly faults?: ToyFaults } = {}) {
    this.#random = seededRandom(`network ${options.seed ?? 1}`)
    this.faults = options.faults ?? {}
  }

  /** Adds a node with an identity of its own. */
  add(name: string, options: Partial<SessionEndpointOptions> = {}): ToyNode {
    const identity = options.identity ?? Identity.create(seededRandom(`identity ${name}`))
    const node: ToyNode = {
      name,
      identity,
      endpoint: this.makeEndpoint(name, identity, options),
      events: [],
    }
    this.nodes.set(name, node)
    return node
  }

  /** Returns a new endpoint, as a restart of the process would make it. */
  makeEndpoint(
    name: string,
    identity: Identity,
    options: Partial<SessionEndpointOptions> = {},
  ): SessionEndpoint<ToyPath> {
    const random = this.#random.fork(`${name} ${this.#endpointCount++}`)
    return new SessionEndpoint<ToyPath>(
      {
        random,
        log: silentLog,
        wallTimeMs: () => WALL_START_MS + this.now,
        indexes: new RandomIndexAllocator({ random: random.fork('indexes') }),
      },
      { identity, namespace: 'test', ...options },
    )
  }

  /** Lets `from` connect to `to`. */
  connect(from: ToyNode, to: ToyNode): Session<ToyPath> {
    const session = from.endpoint.connect(
      { sessionKey: to.identity.sessionKeys.publicKey, address: to.identity.address },
      this.now,
    )
    this.flush(from)
    return session
  }

  /** Seals and sends a frame; returns whether there was a key. */
  send(from: ToyNode, to: ToyNode, text: string): boolean {
    const session = from.endpoint.session(to.identity.sessionKeys.publicKey)
    const bytes = session?.seal(new TextEncoder().encode(text), this.now)
    if (bytes !== undefined) this.dispatch(from, { to: pathTo(to.name), bytes })
    this.flush(from)
    return bytes !== undefined
  }

  /** Puts a datagram into the network. */
  dispatch(from: ToyNode, transmit: SessionTransmit<ToyPath>): void {
    const to = transmit.to?.remote ?? this.#nameOf(transmit.session)
    if (to === undefined) return
    const { delayMs = 10, jitterMs = 0, loss = 0, duplication = 0, isBlocked } = this.faults
    const copies = 1 + (this.#random.float() < duplication ? 1 : 0)
    for (let copy = 0; copy < copies; copy++) {
      const at = this.now + delayMs + this.#random.float() * jitterMs
      const flight = { at, from: from.name, to, bytes: transmit.bytes.slice() }
      this.sent.push(flight)
      if (this.sent.length > 10_000) this.sent.splice(0, 5_000)
      if (isBlocked?.(from.name, to) === true || this.#random.float() < loss) continue
      this.#flights.push(flight)
    }
  }

  /** Moves what a node wants to send and tell. */
  flush(node: ToyNode): void {
    const { endpoint } = node
    for (let event = endpoint.pollEvent(); event; event = endpoint.pollEvent()) {
      node.events.push(event)
      if (node.events.length > 10_000) node.events.splice(0, 5_000)
      this.onEvent(node, event)
    }
    for (let t = endpoint.pollTransmit(); t; t = endpoint.pollTransmit()) this.dispatch(node, t)
  }

  /** Runs until `until`, delivering datagrams and timeouts in order. */
  runUntil(until: Instant): void {
    for (;;) {
      const next = this.#next()
      if (next === undefined || next > until) break
      this.now = Math.max(this.now, next)
      this.#step()
    }
    this.now = until
  }

  /** Runs for `ms`. */
  runFor(ms: number): void {
    this.runUntil(this.now + ms)
  }

  #next(): number | undefined {
    let next: number | undefined
    for (const flight of this.#flights) if (next === undefined || flight.at < next) next = flight.at
    for (const { endpoint } of this.nodes.values()) {
      const at = endpoint.pollTimeout()?.at
      if (at !== undefined && (next === undefined || at < next)) next = at
    }
    return next
  }

  #step(): void {
    const due = this.#flights.filter((flight) => flight.at <= this.now).sort((a, b) => a.at - b.at)
    this.#flights = this.#flights.filter((flight) => flight.at > this.now)
    for (const flight of due) {
      const node = this.nodes.get(flight.to)
      if (node === undefined) continue
      node.endpoint.handleDatagram(flight.bytes, pathTo(flight.from), this.now)
      this.flush(node)
    }
    for (const node of this.nodes.values()) {
      node.endpoint.handleTimeout(this.now)
      this.flush(node)
    }
  }

  #nameOf(session: Session<ToyPath> | undefined): string | undefined {
    if (session === undefined) return undefined
    for (const node of this.nodes.values()) {
      const key = node.identity.sessionKeys.publicKey
      if (Buffer.compare(key, session.peer.sessionKey) === 0) return node.name
    }
    return undefined
  }
}

/** Returns the kinds of the events of a node. */
export function kinds(node: ToyNode): string[] {
  return node.events.map((event) => event.kind)
}

/** Returns the texts of the frames a node received. */
export function frames(node: ToyNode): string[] {
  return node.events.flatMap((event) =>
    event.kind === 'frame' ? [new TextDecoder().decode(event.bytes)] : [],
  )
}

/** Returns a network of two nodes that have a session. */
export function pair(
  options: {
    readonly seed?: number
    readonly faults?: ToyFaults
    readonly endpoint?: Partial<SessionEndpointOptions>
  } = {},
): { readonly net: ToyNetwork; readonly alice: ToyNode; readonly bob: ToyNode } {
  const net = new ToyNetwork(options)
  const alice = net.add('alice', options.endpoint)
  const bob = net.add('bob', options.endpoint)
  net.connect(alice, bob)
  net.runFor(1_000)
  return { net, alice, bob }
}

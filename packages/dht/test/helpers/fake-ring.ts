/** A ring in one process: calls go to the nearest live node, with delays, losses, crashes and partitions. */
import type { Address } from '@ipop/address'
import { closest } from '@ipop/address'
import type { CborValue } from '@ipop/codec'
import { decodeCbor, encodeCbor, Malformed } from '@ipop/codec'
import type { RingCallOptions, RingNeighborhood, RingReply, RingService } from '../../src/index.ts'
import type { SeededRandom, VirtualTime } from './virtual-time.ts'

type Serve = (args: CborValue, source: Address) => Promise<CborValue>

const NEAR_PER_SIDE = 4
const TIMEOUT_MS = 10_000

/** How the network behaves. */
export interface FakeRingOptions {
  /** Shortest and longest delay of one message. */
  readonly delayMs?: readonly [number, number]
  /** Share of messages that get lost; a lost one means a call that times out. */
  lossProbability?: number
  /** How long the ring takes to notice a crash. */
  readonly detectionMs?: number
}

/** All nodes of a fake ring. */
export class FakeRing {
  readonly nodes = new Map<string, FakeNode>()
  readonly options: Required<FakeRingOptions>
  readonly #time: VirtualTime
  readonly #random: SeededRandom
  readonly #islands = new Map<number, readonly FakeNode[]>()
  /** Messages sent, and the largest of them. */
  messages = 0
  largestBytes = 0

  constructor(time: VirtualTime, random: SeededRandom, options: FakeRingOptions = {}) {
    this.#time = time
    this.#random = random
    this.options = {
      delayMs: options.delayMs ?? [5, 50],
      lossProbability: options.lossProbability ?? 0,
      detectionMs: options.detectionMs ?? 5_000,
    }
  }

  /** Adds a node; everybody learns of it after a moment. */
  join(address: Address, island = 0): FakeNode {
    const node = new FakeNode(this, address, island)
    this.nodes.set(address.key, node)
    this.#islands.clear()
    this.#announceLater(100)
    return node
  }

  /** Removes a node that said goodbye. */
  leave(node: FakeNode): void {
    node.isUp = false
    this.nodes.delete(node.address.key)
    this.#islands.clear()
    this.#announceLater(100)
  }

  /** Kills a node; for a while calls still go to it. */
  crash(node: FakeNode): void {
    node.isUp = false
    this.#time.at(this.#time.now() + this.options.detectionMs, 'detection', () => {
      if (this.nodes.get(node.address.key) === node) this.nodes.delete(node.address.key)
      this.#islands.clear()
      this.#announceLater(0)
    })
  }

  /** Puts nodes on islands that cannot reach each other. */
  partition(islandOf: (node: FakeNode) => number): void {
    for (const node of this.nodes.values()) node.island = islandOf(node)
    this.#islands.clear()
    this.#announceLater(0)
  }

  /** Returns the nodes that `node` can see, itself included, in ring order. */
  visibleTo(node: FakeNode): readonly FakeNode[] {
    const known = this.#islands.get(node.island)
    if (known) return known
    const island = [...this.nodes.values()]
      .filter((other) => other.island === node.island)
      .sort((a, b) => a.address.compare(b.address))
    this.#islands.set(node.island, island)
    return island
  }

  /** Carries one call. */
  async call(
    from: FakeNode,
    target: Address,
    method: string,
    args: CborValue,
    options: RingCallOptions = {},
  ): Promise<readonly RingReply[]> {
    const to = this.#route(from, target, options.mode ?? 'greedy')
    const body = encodeCbor([method, args])
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
    if (to === from)
      return [{ from: from.address, result: await from.serve(method, args, from.address) }]
    const reply = this.#exchange(from, to, method, body)
    const timeout = this.#time.sleep(timeoutMs).then(() => {
      throw new Error('OVERLAY_TIMEOUT')
    })
    return Promise.race([reply, timeout])
  }

  #route(from: FakeNode, target: Address, mode: 'exact' | 'greedy'): FakeNode | undefined {
    const reachable = this.visibleTo(from)
    if (mode === 'exact') return reachable.find((node) => node.address.equals(target))
    const nearest = closest(
      target,
      reachable.map((node) => node.address),
    )
    return nearest && this.nodes.get(nearest.key)
  }

  async #exchange(
    from: FakeNode,
    to: FakeNode | undefined,
    method: string,
    body: Uint8Array,
  ): Promise<readonly RingReply[]> {
    await this.#carry(from, to, body)
    const request = decodeCbor(body) as readonly CborValue[]
    const result = await (to as FakeNode).serve(method, request[1] ?? null, from.address)
    const bytes = encodeCbor(result)
    await this.#carry(to as FakeNode, from, bytes)
    return [{ from: (to as FakeNode).address, result: decodeCbor(bytes) as CborValue }]
  }

  async #carry(from: FakeNode, to: FakeNode | undefined, bytes: Uint8Array): Promise<void> {
    this.messages++
    this.largestBytes = Math.max(this.largestBytes, bytes.length)
    const [min, max] = this.options.delayMs
    await this.#time.sleep(min + this.#random.float() * (max - min))
    const isLost = this.#random.float() < this.options.lossProbability
    if (isLost || !to?.isUp || !from.isUp || from.island !== to.island)
      await new Promise(() => undefined)
  }

  #announceLater(delayMs: number): void {
    this.#time.at(this.#time.now() + delayMs, 'announce', () => {
      for (const node of this.nodes.values()) node.announce()
    })
  }
}

/** One node of a fake ring. */
export class FakeNode implements RingService {
  readonly address: Address
  isUp = true
  island: number
  readonly #ring: FakeRing
  readonly #methods = new Map<string, Serve>()
  readonly #listeners = new Set<() => void>()
  #seen = ''

  constructor(ring: FakeRing, address: Address, island: number) {
    this.#ring = ring
    this.address = address
    this.island = island
  }

  call(
    target: Address,
    method: string,
    args: CborValue,
    options?: RingCallOptions,
  ): Promise<readonly RingReply[]> {
    return this.#ring.call(this, target, method, args, options)
  }

  handle<T>(
    method: string,
    schema: (args: CborValue) => T | Malformed,
    handler: (args: T, caller: { source: Address }) => CborValue | Promise<CborValue>,
  ): void {
    this.#methods.set(method, async (args, source) => {
      const checked = schema(args)
      if (checked instanceof Malformed) throw new Error(checked.reason)
      return handler(checked, { source })
    })
  }

  onNeighborsChanged(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  nearNeighbors(): RingNeighborhood {
    const all = this.#ring.visibleTo(this)
    const at = all.indexOf(this)
    if (at < 0) return { left: [], right: [] }
    const count = Math.min(NEAR_PER_SIDE, all.length - 1)
    const neighbor = (steps: number) =>
      (all[(at + steps + all.length) % all.length] as FakeNode).address
    return {
      left: Array.from({ length: count }, (_, i) => neighbor(i + 1)),
      right: Array.from({ length: count }, (_, i) => neighbor(-i - 1)),
    }
  }

  /** Answers a call. */
  serve(method: string, args: CborValue, source: Address): Promise<CborValue> {
    const serve = this.#methods.get(method)
    return serve ? serve(args, source) : Promise.reject(new Error(`no method ${method}`))
  }

  /** Tells listeners if the neighbours changed. */
  announce(): void {
    const { left, right } = this.nearNeighbors()
    const seen = [...left, ...right].map((address) => address.key).join()
    if (seen === this.#seen) return
    this.#seen = seen
    for (const listener of this.#listeners) listener()
  }
}

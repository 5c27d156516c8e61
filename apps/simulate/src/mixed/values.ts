/** Values in the DHT, and which of them must still be there (I12). */
import type { Random } from '@ipop/runtime'
import type { FaultKind, FaultPlan, World } from '@ipop/simulator'
import { createHash } from 'node:crypto'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import type { SimulatedRing } from '../ring/simulated-ring.ts'
import type { Violations } from './findings.ts'
import { hasOnly, isQuiet } from './gentle.ts'
import { REPLICAS_BACK_MS, REPLICAS_LOST_MAX } from '../limits.ts'

/** Values outlive every run. */
const TTL_SECONDS = 86_400

/** Losses further apart than this are repaired one by one. */
const REPAIRED_AFTER_MS = 90_000

/** A node that hears nobody for this long has lost all peers, or is about to. */
const CUT_OFF_MS = 5_000

/** Pause before a value is asked for again. */
const READ_AGAIN_MS = 2_000

/** A read that was begun ends within this time. */
const READ_WITHIN_MS = 60_000

/** Nodes come, none goes, and the network carries what it is given. */
const PLAIN_FAULTS: ReadonlySet<FaultKind> = new Set(['join'])

interface Stored {
  readonly key: string
  readonly text: string
  readonly positions: readonly bigint[]
  readonly putAtMs: number
  lost: { readonly atMs: number; readonly count: number }[]
  /** Whether the network was split when it was put, or since: its replicas lie on one side until hand-over has ended. */
  isShaken: boolean
}

/** Puts values while faults rage, and asks for them afterwards. */
export class Values {
  readonly #world: World
  readonly #ring: SimulatedRing
  readonly #random: Random
  readonly #violations: Violations
  #stored: Stored[] = []
  /** Values that were not acknowledged yet: some replicas have them, and may be lost already. */
  readonly #pending = new Set<Stored>()
  /** Whether nothing goes wrong, so that the first try of a hand-over must do. */
  readonly isPlain: boolean
  #isSplit = false
  #count = 0
  /** Puts that were not acknowledged. */
  refused = 0

  constructor(modules: {
    world: World
    ring: SimulatedRing
    random: Random
    violations: Violations
    plan: FaultPlan
  }) {
    this.#world = modules.world
    this.isPlain = isQuiet(modules.plan.conditions) && hasOnly(modules.plan, PLAIN_FAULTS)
    this.#ring = modules.ring
    this.#random = modules.random
    this.#violations = modules.violations
  }

  /** Values that must be found. */
  get expected(): number {
    return this.#stored.length
  }

  /** Lets a random node put one more value. */
  putOne(): void {
    const able = this.#ring.running.filter(
      (node) => node.connectedAt !== undefined && !node.host.isPaused,
    )
    const node = able[this.#random.below(able.length)]
    if (node?.dht === undefined) return
    const number = this.#count++
    const [key, text] = [`value ${number}`, `text ${number}`]
    const isShaken = this.#isSplit || hearsNobody(node)
    const putAtMs = this.#world.elapsedMs()
    const value = { key, text, positions: positionsOf(key), putAtMs, lost: [], isShaken }
    this.#pending.add(value)
    node.dht.put(key, new TextEncoder().encode(text), TTL_SECONDS).then(
      () => void (this.#pending.delete(value) && this.#stored.push(value)),
      () => {
        this.#pending.delete(value)
        this.refused++
      },
    )
  }

  /**
   * Takes note that a node is about to vanish; each of `views` is a set of nodes among which its replicas may lie. Those that came
   * later than a value may not have been handed their part of it yet.
   */
  noteLoss(gone: SimulatedNode, views: readonly (readonly SimulatedNode[])[]): void {
    const atMs = this.#world.elapsedMs()
    const places = views.map((nodes) =>
      nodes.map((node) => ({ node, at: position(node.overlay.address.bytes) })),
    )
    const lostOf = (value: Stored, among: (typeof places)[number]): number =>
      value.positions.filter((at) => nearest(among, at)?.node === gone).length
    const hasItsPart = (value: Stored, { connectedAt = Infinity }: SimulatedNode): boolean =>
      connectedAt <= Math.max(value.putAtMs, atMs - REPLICAS_BACK_MS)
    const isKept = (value: Stored): boolean => {
      const early = places.map((among) =>
        among.filter(({ node }) => node === gone || hasItsPart(value, node)),
      )
      const count = Math.max(...[...places, ...early].map((among) => lostOf(value, among)))
      if (count > 0) value.lost.push({ atMs, count })
      // A side may have had fewer than eight of its replicas to begin with.
      if (count > 0 && value.isShaken) return false
      const recent = value.lost.filter((loss) => atMs - loss.atMs < REPAIRED_AFTER_MS)
      return recent.reduce((sum, loss) => sum + loss.count, 0) <= REPLICAS_LOST_MAX
    }
    this.#stored = this.#stored.filter(isKept)
    for (const value of this.#pending) if (!isKept(value)) this.#pending.delete(value)
  }

  /** Takes note of a split, or of its end. */
  noteSplit(isSplit: boolean): void {
    this.#isSplit = isSplit
    for (const value of [...this.#stored, ...this.#pending]) value.isShaken = true
  }

  /** Asks for every value that must be there, from random nodes: at once, or for those that a split has shaken within `limitMs`. */
  async check(limitMs: number): Promise<void> {
    const until = this.#world.elapsedMs() + limitMs
    const answers = this.#stored.map(async (value) => {
      const { running } = this.#ring
      const node = running[this.#random.below(running.length)]
      if (node?.dht === undefined) return
      const find = () => this.#find(node, value).catch((error: unknown) => String(error))
      let found = await find()
      while (found !== undefined && value.isShaken && this.#world.elapsedMs() < until) {
        await pause(node)
        found = await find()
      }
      if (found === undefined) return
      this.#violations.add('I12', `${value.key} is not found by ${node.host.name}: ${found}`)
    })
    await this.#world.settle(Promise.all(answers), { limitMs: limitMs + READ_WITHIN_MS })
  }

  /** Returns which values have fewer than eight replicas where readers look for them, besides those that are `excused`. */
  misplaced(isExcused: (node: SimulatedNode) => boolean = () => false): string[] {
    return this.#stored.flatMap(({ key, positions }) => {
      const present = this.#replicasOf(key, isExcused)
      return present === positions.length ? [] : [`${key} has ${present} replicas`]
    })
  }

  /** Counts the positions of a key whose nearest node stores it, or need not. */
  #replicasOf(key: string, isExcused: (node: SimulatedNode) => boolean): number {
    const places = this.#ring.running.map((node) => ({
      node,
      at: position(node.overlay.address.bytes),
    }))
    const hash = hashOf(key)
    const isPresent = (node: SimulatedNode | undefined) =>
      node !== undefined && (isExcused(node) || node.dht?.holds(hash) === true)
    return positionsOf(key).filter((at) => isPresent(nearest(places, at)?.node)).length
  }

  async #find(node: SimulatedNode, { key, text }: Stored): Promise<string | undefined> {
    const values = await (node.dht as NonNullable<typeof node.dht>).get(key)
    const texts = values.map(({ value }) => new TextDecoder().decode(value))
    return texts.includes(text) ? undefined : `${values.length} values`
  }
}

/**
 * Whether a node is alone, as a first machine that has just booted, or cut off: its own answers are enough for it, and the replicas are
 * all with it until others find it.
 */
function hearsNobody({ overlay, host }: SimulatedNode): boolean {
  const now = host.runtime.clock.now()
  const isSilent = (channel: { lastHeardAt: number }) => now - channel.lastHeardAt > CUT_OFF_MS
  return overlay.connections.all().every(({ channel }) => isSilent(channel))
}

/** The checker's own reading of where replicas lie: eight positions an eighth of the ring apart. */
function positionsOf(key: string): bigint[] {
  const hash = hashOf(key).subarray(0, 20)
  return Array.from({ length: 8 }, (_, index) => {
    return (position(hash) + (BigInt(index) << 157n)) % (1n << 160n)
  })
}

function pause({ host }: SimulatedNode): Promise<void> {
  const { clock, timers } = host.runtime
  return new Promise((resolve) =>
    timers.at(clock.now() + READ_AGAIN_MS, 'read again', () => resolve()),
  )
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

function position(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

function nearest<T extends { readonly at: bigint }>(
  places: readonly T[],
  at: bigint,
): T | undefined {
  let best: T | undefined
  for (const place of places)
    if (!best || distance(place.at, at) < distance(best.at, at)) best = place
  return best
}

function distance(one: bigint, other: bigint): bigint {
  const there = one < other ? other - one : one - other
  const back = (1n << 160n) - there
  return there < back ? there : back
}

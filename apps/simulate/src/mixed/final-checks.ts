/** What must hold once faults have ceased, each within its bound (I4 to I8, I10, I12, I14, I18, I19). */
import { Address } from '@ipop/address'
import { checkConnected, nearestNode } from '@ipop/simulator'
import type { World } from '@ipop/simulator'
import type { Random } from '@ipop/runtime'
import {
  AGREED_WITHIN_MS,
  IDLE_BYTES_PER_SECOND_MAX,
  PAIRS_MAX,
  REPLICAS_BACK_MS,
  REPLICAS_BACK_SOON_MS,
  REPLICAS_COMPARED_MS,
  WHOLE_WITHIN_MS,
} from '../limits.ts'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import type { SimulatedRing } from '../ring/simulated-ring.ts'
import type { FaultPlayer } from './fault-player.ts'
import type { Violations } from './findings.ts'
import type { LeaseWatch } from './lease-watch.ts'
import type { Traffic } from './traffic.ts'
import type { Values } from './values.ts'

/** Calls and reads end within this time, or have failed. */
const CALLS_WITHIN_MS = 120_000

/** Lookups of ten seconds each until one must have succeeded. */
const LOOKUP_ATTEMPTS = 3
const LOOKUP_MS = 10_000

/** Packets are sent again this often until they arrive. */
const TRAFFIC_ROUNDS = 10
const TRAFFIC_ROUND_MS = 2_000

/** The ring rests this long before its bytes are counted: on-demand connections stay, repairs have ended. */
const REST_MS = 10_000
const COUNT_MS = 30_000

/** What final checks look at. */
export interface FinalModules {
  readonly world: World
  readonly ring: SimulatedRing
  readonly player: FaultPlayer
  readonly random: Random
  readonly violations: Violations
  readonly leases: LeaseWatch
  readonly traffic: Traffic
  readonly values: Values
  /** Step checks go on. */
  readonly step: () => void
}

type Pair = readonly [from: SimulatedNode, to: SimulatedNode]

/** What final checks measured. */
export interface FinalMeasures {
  readonly wholeAfterMs: number
  readonly addressedAfterMs: number
  readonly replicasBackAfterMs: number
  readonly idleBytesPerNodeSecond: number
}

const NOTHING_MEASURED: FinalMeasures = {
  wholeAfterMs: -1,
  addressedAfterMs: -1,
  replicasBackAfterMs: -1,
  idleBytesPerNodeSecond: -1,
}

/** Waits for the ring and checks everything; stops early when there is no ring. */
export async function checkFinally(modules: FinalModules): Promise<FinalMeasures> {
  const wholeAfterMs = await untilWhole(modules)
  if (wholeAfterMs === undefined) return NOTHING_MEASURED
  const addressedAfterMs = await untilAddressed(modules)
  await untilAgreed(modules)
  await checkLookups(modules)
  const replicasBackAfterMs = await untilReplicasAreBack(modules)
  await modules.values.check(AGREED_WITHIN_MS)
  await checkPairs(modules)
  const idleBytesPerNodeSecond = await countIdleBytes(modules)
  return {
    wholeAfterMs,
    addressedAfterMs: addressedAfterMs ?? -1,
    replicasBackAfterMs: replicasBackAfterMs ?? -1,
    idleBytesPerNodeSecond,
  }
}

async function untilWhole(modules: FinalModules): Promise<number | undefined> {
  const { ring, violations } = modules
  const isWhole = (): boolean =>
    ring.isFormed() && ring.running.every(({ overlay }) => overlay.state === 'connected')
  const tookMs = await runUntil(modules, isWhole, WHOLE_WITHIN_MS)
  if (tookMs !== undefined) return tookMs
  for (const node of ring.running.filter(({ overlay }) => overlay.state !== 'connected')) {
    violations.add('I18', `${node.host.name} is ${node.overlay.state}, ${ageOf(modules, node)}`)
  }
  violations.addAll(ring.report().violations)
  return undefined
}

function ageOf({ world }: FinalModules, node: SimulatedNode): string {
  const seconds = Math.round((world.elapsedMs() - node.startedAt) / 1000)
  return `${seconds} s after its start and ${WHOLE_WITHIN_MS / 1000} s after the last fault`
}

async function untilAddressed(modules: FinalModules): Promise<number | undefined> {
  const { leases, violations } = modules
  const tookMs = await runUntil(modules, () => leases.isSettled, AGREED_WITHIN_MS)
  if (tookMs === undefined) for (const problem of leases.problems()) violations.add('I14', problem)
  return tookMs
}

async function untilAgreed(modules: FinalModules): Promise<void> {
  const { ring, violations } = modules
  const isQuiet = (): boolean => ring.report().isConsistent
  if ((await runUntil(modules, isQuiet, AGREED_WITHIN_MS)) !== undefined) {
    return violations.addAll(checkConnected(ring.views()))
  }
  violations.addAll(ring.report().violations)
}

/** Hand-over puts what is stored to where readers look for it, before any of them does so (I12). */
async function untilReplicasAreBack(modules: FinalModules): Promise<number | undefined> {
  const { values, violations, player } = modules
  const limitMs = values.isPlain ? REPLICAS_BACK_SOON_MS : REPLICAS_BACK_MS
  const misplaced = () => values.misplaced((node) => player.hadTwin(node))
  const tookMs = await runUntil(modules, () => misplaced().length === 0, limitMs)
  for (const problem of misplaced()) violations.add('I12', problem)
  if (tookMs === undefined) return undefined
  // Of a twin that ended nobody else's neighbours tell.
  await runUntil(modules, () => values.misplaced().length === 0, REPLICAS_COMPARED_MS)
  for (const problem of values.misplaced()) violations.add('I12', problem)
  return tookMs
}

/** Lets nodes look positions up: the nearest node must answer (I8). And every node finds every other. */
async function checkLookups(modules: FinalModules): Promise<void> {
  const { world, ring, random } = modules
  const { running } = ring
  const calls: Promise<void>[] = []
  for (const node of running) {
    const target = Address.fromBytes(classBit(random.bytes(20)))
    calls.push(lookUp(modules, node, target, 'greedy'))
  }
  for (const [from, to] of pairsOf(running, random)) {
    calls.push(lookUp(modules, from, to.overlay.address, 'exact'))
  }
  await world.settle(Promise.all(calls), { limitMs: CALLS_WITHIN_MS })
}

/**
 * A ring that looks whole when the last fault ceases may still have to find out whom that fault has cut off or brought back:
 * until then a lookup may go wrong, and is made again.
 */
async function lookUp(
  { world, ring, violations, player }: FinalModules,
  node: SimulatedNode,
  target: Address,
  mode: 'greedy' | 'exact',
): Promise<void> {
  const right = nearestNode(ring.views(), target)?.address.toString()
  const { clock } = node.host.runtime
  let problem: string | undefined
  for (
    let attempt = 0;
    attempt < LOOKUP_ATTEMPTS || world.elapsedMs() < player.ceasedAtMs + WHOLE_WITHIN_MS;
    attempt++
  ) {
    const startedAt = clock.now()
    problem = await lookUpOnce(node, target, mode, right)
    if (problem === undefined) return
    await pauseUntil(node, startedAt + LOOKUP_MS)
  }
  const name = `${node.host.name}'s ${mode} lookup for ${nameOf(ring, target)}`
  violations.add('I8', `${name} ${problem}`)
}

async function lookUpOnce(
  { overlay }: SimulatedNode,
  target: Address,
  mode: 'greedy' | 'exact',
  right: string | undefined,
): Promise<string | undefined> {
  try {
    const [reply] = await overlay.call(target, 'ring.ping', null, { mode })
    const answered = reply?.from.toString()
    return answered === right ? undefined : `ended at ${answered}, not ${right}`
  } catch (error) {
    return `failed: ${String(error)}`
  }
}

function pauseUntil({ host }: SimulatedNode, at: number): Promise<void> {
  return new Promise((resolve) => host.runtime.timers.at(at, 'next lookup', () => resolve()))
}

function nameOf(ring: SimulatedRing, address: Address): string {
  const node = ring.running.find(({ overlay }) => overlay.address.equals(address))
  return node?.host.name ?? address.toString()
}

/** Sends inner packets until one arrived for every pair: first one way, so that no packet back can set right what a receiver believes. */
async function checkPairs(modules: FinalModules): Promise<void> {
  const { running } = modules.ring
  const pairs = pairsOf(running, modules.random)
  const isForth = ([from, to]: Pair): boolean => running.indexOf(from) < running.indexOf(to)
  await checkWays(modules, pairs.filter(isForth))
  await checkWays(
    modules,
    pairs.filter((pair) => !isForth(pair)),
  )
}

async function checkWays(modules: FinalModules, pairs: readonly Pair[]): Promise<void> {
  const { world, traffic, violations } = modules
  let open = pairs.map(([from, to]) => ({ from, to, texts: [] as string[] }))
  // Whoever loses its address to an older claim meanwhile sends nothing until it has another.
  const roundsMax = TRAFFIC_ROUNDS + AGREED_WITHIN_MS / TRAFFIC_ROUND_MS
  const mayTry = ({ texts }: { texts: string[] }): boolean => texts.length < TRAFFIC_ROUNDS
  for (let round = 0; round < roundsMax && open.some(mayTry); round++) {
    for (const { from, to, texts } of open.filter(mayTry)) {
      const text = traffic.send(from, to)
      if (text !== undefined) texts.push(text)
    }
    await world.run({ forMs: TRAFFIC_ROUND_MS })
    modules.step()
    open = open.filter(({ texts }) => !texts.some((text) => traffic.hasArrived(text)))
  }
  for (const { from, to } of open) {
    const ends = `${from.host.name} reaches ${to.host.name}`
    violations.add('I15', `no packet from ${ends}: ${dropsOf(from)} / ${dropsOf(to)}`)
  }
}

async function countIdleBytes({ world, ring, violations }: FinalModules): Promise<number> {
  await world.run({ forMs: REST_MS })
  const before = world.stats.bytesSent
  await world.run({ forMs: COUNT_MS })
  const seconds = (ring.running.length * COUNT_MS) / 1000
  const rate = Math.round((world.stats.bytesSent - before) / seconds)
  if (rate > IDLE_BYTES_PER_SECOND_MAX)
    violations.add('I19', `a ring at rest sends ${rate} bytes per second and node`)
  return rate
}

async function runUntil(
  modules: FinalModules,
  isDone: () => boolean,
  limitMs: number,
): Promise<number | undefined> {
  const { world } = modules
  const startedAt = world.elapsedMs()
  while (!isDone()) {
    if (world.elapsedMs() - startedAt >= limitMs) return undefined
    await world.run({ forMs: 500 })
    modules.step()
  }
  return world.elapsedMs() - startedAt
}

function pairsOf<T>(all: readonly T[], random: Random): (readonly [T, T])[] {
  const pairs = all.flatMap((one) =>
    all.filter((other) => other !== one).map((other) => [one, other] as const),
  )
  while (pairs.length > PAIRS_MAX) {
    pairs[random.below(pairs.length)] = pairs.at(-1) as (typeof pairs)[number]
    pairs.pop()
  }
  return pairs
}

/** Ring addresses have their last bit clear. */
function classBit(bytes: Uint8Array): Uint8Array {
  bytes[19] = (bytes[19] ?? 0) & 0xfe
  return bytes
}

/** Returns what the router of a node dropped, by reason. */
function dropsOf({ lan }: SimulatedNode): string {
  const drops = Object.entries(lan?.mapper.status().counters.dropped ?? {})
  const shown = drops
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${reason} ${count}`)
  return shown.join(', ') || 'no drops'
}

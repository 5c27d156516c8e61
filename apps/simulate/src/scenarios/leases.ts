/** Nodes lease addresses from a small pool, whole and split in two; at rest no address has two owners. */
import { LeaseHolder, poolFor } from '../ring/lease-holder.ts'
import { CHECK_SLOWLY_MS } from '../limits.ts'
import { formSettledRing, unformed, untilFormed } from '../ring/stages.ts'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import type { Findings, Metric, Scenario, Stage } from '../scenario.ts'
import { round, summarize } from '../statistics.ts'
import { split } from './partition-merge.ts'

/** Measures how long a lease takes, and how soon owners are unique after two rings have merged. */
export const leases: Scenario = {
  name: 'leases',
  summary: 'half of the nodes lease addresses at once, the others while the network is split',
  runsDht: true,
  async run(stage) {
    const problems = await formSettledRing(stage)
    if (problems.length > 0) return { metrics: {}, problems }
    const { network, size } = poolFor(stage.options.nodes)
    const all = stage.ring.pickNodes(stage.options.nodes)
    const early = all.slice(0, Math.ceil(all.length / 2))
    const holders = early.map((node) => new LeaseHolder(node, network))
    problems.push(...(await untilUnique(stage, holders)).problems)
    stage.tell(`${count(holders)} addresses of ${size} are leased`)
    const late = all.slice(early.length)
    return leaseWhileSplit(
      stage,
      { holders, late, problems, metrics: { pool: size } },
      (node) => new LeaseHolder(node, network),
    )
  },
}

interface Progress {
  readonly holders: LeaseHolder[]
  readonly late: readonly SimulatedNode[]
  readonly problems: string[]
  readonly metrics: Record<string, Metric>
}

async function leaseWhileSplit(
  stage: Stage,
  { holders, late, problems, metrics }: Progress,
  hold: (node: SimulatedNode) => LeaseHolder,
): Promise<Findings> {
  const { splitMs } = await split(stage)
  if (splitMs === undefined) problems.push('the two sides did not form rings of their own')
  holders.push(...late.map(hold))
  metrics['doublesWithinAPart'] = await watchParts(stage, holders)
  metrics['doublesWhileSplit'] = doubles(holders).length
  stage.world.heal()
  if ((await untilFormed(stage)) === undefined) return { metrics, problems: unformed(stage) }
  stage.tell('the network has healed and there is one ring')
  const { tookMs, problems: later } = await untilUnique(stage, holders)
  const times = holders.flatMap((holder) => holder.acquiredAfterMs ?? [])
  return {
    metrics: {
      ...metrics,
      leased: count(holders),
      ...summarize('lease', times),
      addressesChanged: holders.reduce((sum, holder) => sum + holder.conflicts, 0),
      uniqueAfterMergeMs: round(tookMs),
    },
    problems: [...problems, ...later],
  }
}

/** Returns how many addresses had two owners that reach each other, summed over the seconds of the split. */
async function watchParts(stage: Stage, holders: readonly LeaseHolder[]): Promise<number> {
  const { world, options } = stage
  const endsAt = world.elapsedMs() + options.durationMs
  let found = 0
  while (world.elapsedMs() < endsAt) {
    await world.run({ forMs: CHECK_SLOWLY_MS })
    const owned = holders.filter(({ address }) => address !== undefined)
    for (const [index, one] of owned.entries())
      for (const other of owned.slice(index + 1))
        if (one.address === other.address && world.canReach(one.node.host, other.node.host)) found++
  }
  return found
}

/** Waits until everybody has an address and none has two owners. */
async function untilUnique(
  stage: Stage,
  holders: readonly LeaseHolder[],
): Promise<{ tookMs: number; problems: string[] }> {
  const startedAt = stage.world.elapsedMs()
  const isDone = (): boolean => count(holders) === holders.length && doubles(holders).length === 0
  const limits = { limitMs: stage.options.limitMs, everyMs: CHECK_SLOWLY_MS }
  const isUnique = await stage.world.runUntil(isDone, limits)
  const tookMs = stage.world.elapsedMs() - startedAt
  if (isUnique) return { tookMs, problems: [] }
  const without = holders.filter((holder) => holder.address === undefined)
  return {
    tookMs,
    problems: [
      ...doubles(holders).map((address) => `I14: ${address} has several owners`),
      ...without.map(
        ({ node, state }) => `${node.host.name} has no address, its lease is ${state}`,
      ),
    ],
  }
}

function count(holders: readonly LeaseHolder[]): number {
  return holders.filter((holder) => holder.address !== undefined).length
}

function doubles(holders: readonly LeaseHolder[]): string[] {
  const addresses = holders.flatMap((holder) => holder.address ?? [])
  return [...new Set(addresses.filter((address, i) => addresses.indexOf(address) !== i))]
}

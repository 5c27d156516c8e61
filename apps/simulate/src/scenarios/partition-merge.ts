/** The network splits, each part forms its own ring, and the rings merge when it heals. */
import { checkCycle, checkNeighbors } from '@ipop/simulator'
import { CHECK_SLOWLY_MS } from '../limits.ts'
import { formRing, settleAndCheck, unformed, untilFormed } from '../ring/stages.ts'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import type { Scenario, Stage } from '../scenario.ts'
import { round } from '../statistics.ts'

/** Measures how soon each side is whole, and how soon there is one ring again. */
export const partitionMerge: Scenario = {
  name: 'partition-merge',
  summary: 'the network splits for --duration seconds; time until there is one ring again',
  runsDht: false,
  async run(stage) {
    const problems = await formRing(stage)
    if (problems.length > 0) return { metrics: {}, problems }
    await stage.world.run({ forMs: stage.options.settleMs })
    const { splitMs, sides } = await split(stage)
    const metrics = { sideNodes: sides.map((side) => side.length).join(' + ') }
    if (splitMs === undefined) {
      return { metrics, problems: ['the parts did not form rings of their own'] }
    }
    stage.tell(`${sides.length} rings after ${round(splitMs / 1000)} s; the network heals`)
    stage.world.heal()
    const mergedMs = await untilFormed(stage)
    if (mergedMs === undefined) return { metrics, problems: unformed(stage) }
    const times = { splitMs: round(splitMs), mergedMs: round(mergedMs) }
    return { metrics: { ...metrics, ...times }, problems: await settleAndCheck(stage) }
  },
}

/** Splits the network for the duration; tells when each part had its own ring. */
export async function split(
  stage: Stage,
): Promise<{ splitMs: number | undefined; sides: SimulatedNode[][] }> {
  const { world, options } = stage
  const sides = partsOf(stage)
  world.partition(sides.map((side) => side.map((node) => node.host)))
  stage.tell(`the network splits into ${sides.map((side) => side.length).join(' + ')} nodes`)
  const startedAt = world.elapsedMs()
  const areRings = (): boolean => sides.every(isRing)
  const isSplit = await world.runUntil(areRings, {
    limitMs: options.limitMs,
    everyMs: CHECK_SLOWLY_MS,
  })
  const splitMs = isSplit ? world.elapsedMs() - startedAt : undefined
  await world.run({ untilMs: Math.max(world.elapsedMs(), startedAt + options.durationMs) })
  return { splitMs, sides }
}

/** Two parts stand to each other as the user wants it; more are of one size. */
function partsOf({ ring, options }: Stage): SimulatedNode[][] {
  const shuffled = ring.pickNodes(ring.running.length)
  const { parts, fraction } = options
  const first = Math.floor(shuffled.length * fraction)
  if (parts === 2) return [shuffled.slice(0, first), shuffled.slice(first)]
  const groups: SimulatedNode[][] = Array.from({ length: parts }, () => [])
  for (const [index, node] of shuffled.entries()) groups[index % parts]?.push(node)
  return groups
}

function isRing(side: readonly SimulatedNode[]): boolean {
  const views = side.map((node) => node.view())
  return checkNeighbors(views).length === 0 && checkCycle(views).length === 0
}

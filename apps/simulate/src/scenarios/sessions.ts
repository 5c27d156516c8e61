/** Nodes crash after exponentially long sessions and others come in their place, while positions are looked up. */
import { Lookups } from '../ring/lookups.ts'
import { formSettledRing, joinMetrics, unformed, untilFormed } from '../ring/stages.ts'
import { TrafficAccount } from '../ring/traffic-account.ts'
import type { Scenario, Stage } from '../scenario.ts'
import { round } from '../statistics.ts'

/** Measures lookups and traffic under churn, as the Bamboo DHT was measured. */
export const sessions: Scenario = {
  name: 'sessions',
  summary: 'a node crashes and another comes every --interval seconds; --values lookups meanwhile',
  runsDht: false,
  async run(stage) {
    const problems = await formSettledRing(stage)
    if (problems.length > 0) return { metrics: {}, problems }
    const { world, options } = stage
    const lookups = new Lookups(stage)
    const before = world.stats.bytesSent
    const account = new TrafficAccount(world)
    const crashes = await churn(stage, lookups)
    const bytes = world.stats.bytesSent - before
    const nodeSeconds = (options.nodes * options.durationMs) / 1000
    const purposes = account.finish(nodeSeconds)
    const found = await lookups.finish()
    const repairedMs = await untilFormed(stage)
    const metrics = {
      ...found,
      crashes,
      bytesPerNodeSecond: round(bytes / nodeSeconds),
      ...purposes,
      ...joinMetrics(stage),
      repairedMs: round(repairedMs ?? -1),
    }
    return { metrics, problems: repairedMs === undefined ? unformed(stage) : [] }
  },
}

/** Whoever crashes is drawn at random, which makes every session exponentially long. */
async function churn(stage: Stage, lookups: Lookups): Promise<number> {
  const { world, ring, options } = stage
  const startedAt = world.elapsedMs()
  const endsAt = startedAt + options.durationMs
  const lookupGapMs = options.durationMs / options.values
  let crashes = 0
  let lookupAt = startedAt
  let crashAt = startedAt + pause(stage)
  while (Math.min(lookupAt, crashAt) < endsAt) {
    await world.run({ untilMs: Math.min(lookupAt, crashAt) })
    if (lookupAt <= crashAt) {
      lookups.start()
      lookupAt += lookupGapMs
      continue
    }
    ring.pickNodes(1)[0]?.crash()
    await ring.startOne()
    crashes++
    crashAt += pause(stage)
  }
  await world.run({ untilMs: endsAt })
  return crashes
}

function pause({ ring, options }: Stage): number {
  return -Math.log(1 - ring.random.float()) * options.intervalMs
}

/** Nodes come, go and crash for a while; the ring must stay usable and be whole soon after. */
import { CHECK_SLOWLY_MS } from '../limits.ts'
import { formRing, joinMetrics, settleAndCheck, unformed, untilFormed } from '../ring/stages.ts'
import type { Scenario, Stage } from '../scenario.ts'
import { mean, quantile, round } from '../statistics.ts'

/** Measures how consistent the ring is under churn, and how soon it is whole afterwards. */
export const churn: Scenario = {
  name: 'churn',
  summary: 'nodes crash, leave and join for --duration seconds; time to repair afterwards',
  runsDht: false,
  async run(stage) {
    const problems = await formRing(stage)
    if (problems.length > 0) return { metrics: {}, problems }
    const samples = await stirRing(stage)
    stage.tell('churn has ended')
    const repairedMs = await untilFormed(stage)
    const metrics = {
      consistencyMean: round(mean(samples), 4),
      consistencyP5: round(quantile(samples, 0.05), 4),
      ...joinMetrics(stage),
    }
    if (repairedMs === undefined) return { metrics, problems: unformed(stage) }
    const later = await settleAndCheck(stage)
    return { metrics: { ...metrics, repairedMs: round(repairedMs) }, problems: later }
  },
}

/** Stirs the ring for the duration and returns samples of the share of nodes with true neighbours. */
export async function stirRing(stage: Stage): Promise<number[]> {
  const { world, options } = stage
  const endsAt = world.elapsedMs() + options.durationMs
  const samples: number[] = []
  let nextEventAt = world.elapsedMs()
  while (world.elapsedMs() < endsAt) {
    if (world.elapsedMs() >= nextEventAt) {
      await stirOnce(stage)
      nextEventAt += -Math.log(1 - stage.ring.random.float()) * options.intervalMs
    }
    await world.run({ forMs: CHECK_SLOWLY_MS })
    samples.push(stage.ring.neighborConsistency())
  }
  return samples
}

async function stirOnce(stage: Stage): Promise<void> {
  const { ring, options } = stage
  const gone = ring.nodes.filter((node) => !node.isRunning && !node.host.isUp)
  const isThin = ring.running.length <= options.nodes * (1 - options.fraction)
  if (isThin || (gone.length > 0 && ring.random.float() < 0.5)) {
    const back = gone[ring.random.below(gone.length)]
    if (back === undefined || ring.random.float() < 0.5) await ring.startOne()
    else await ring.restart(back)
    return
  }
  const [victim] = ring.pickNodes(1)
  if (victim === undefined) return
  if (ring.random.float() < 0.5) victim.crash()
  else void victim.leave().catch(() => undefined)
}

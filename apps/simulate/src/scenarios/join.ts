/** All nodes start at the same instant and form one ring. */
import { formRing, idleMetrics, joinMetrics, settleAndCheck, shapeMetrics } from '../ring/stages.ts'
import type { Scenario } from '../scenario.ts'
import { round } from '../statistics.ts'

/** Measures the virtual time until the ring is consistent. */
export const join: Scenario = {
  name: 'join',
  summary: 'all nodes start at once; time until the ring is consistent',
  runsDht: false,
  async run(stage) {
    const problems = await formRing(stage)
    const formedMs = round(stage.world.elapsedMs())
    if (problems.length > 0) return { metrics: joinMetrics(stage), problems }
    const later = await settleAndCheck(stage)
    const metrics = { ringFormedMs: formedMs, ...joinMetrics(stage), ...shapeMetrics(stage) }
    return { metrics: { ...metrics, ...(await idleMetrics(stage)) }, problems: later }
  },
}

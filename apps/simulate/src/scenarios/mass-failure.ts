/** A share of all nodes dies at the same instant. */
import { formRing, settleAndCheck, shapeMetrics, unformed, untilFormed } from '../ring/stages.ts'
import type { Scenario } from '../scenario.ts'
import { round } from '../statistics.ts'

/** Measures the virtual time until the survivors form a ring. */
export const massFailure: Scenario = {
  name: 'mass-failure',
  summary: '--fraction of the nodes crash at once; time until the rest form a ring',
  runsDht: false,
  async run(stage) {
    const problems = await formRing(stage)
    if (problems.length > 0) return { metrics: {}, problems }
    await stage.world.run({ forMs: stage.options.settleMs })
    const victims = stage.ring.pickNodes(Math.floor(stage.options.nodes * stage.options.fraction))
    for (const victim of victims) victim.crash()
    stage.tell(`${victims.length} nodes crashed`)
    const repairedMs = await untilFormed(stage)
    const metrics = { crashed: victims.length, survivors: stage.ring.running.length }
    if (repairedMs === undefined) return { metrics, problems: unformed(stage) }
    const later = await settleAndCheck(stage)
    return {
      metrics: { ...metrics, repairedMs: round(repairedMs), ...shapeMetrics(stage) },
      problems: later,
    }
  },
}

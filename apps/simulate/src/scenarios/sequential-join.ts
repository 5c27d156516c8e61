/** Nodes join one after the other, each into a ring that is whole. */
import { joinMetrics, settleAndCheck, shapeMetrics, unformed, untilFormed } from '../ring/stages.ts'
import type { Scenario } from '../scenario.ts'
import { summarize } from '../statistics.ts'

/** Measures how long one node takes to join a standing ring. */
export const sequentialJoin: Scenario = {
  name: 'sequential-join',
  summary: 'nodes join one by one; time per join',
  runsDht: false,
  async run(stage) {
    const wholeAfter: number[] = []
    for (let count = 0; count < stage.options.nodes; count++) {
      const node = await stage.ring.startOne()
      const formedMs = await untilFormed(stage)
      if (formedMs === undefined) return { metrics: joinMetrics(stage), problems: unformed(stage) }
      await stage.world.runUntil(() => node.connectedAt !== undefined, { limitMs: 60_000 })
      wholeAfter.push(formedMs)
      if (count % 50 === 49) stage.tell(`${count + 1} nodes in the ring`)
    }
    const metrics = { ...joinMetrics(stage), ...summarize('ringWhole', wholeAfter) }
    const problems = await settleAndCheck(stage)
    return { metrics: { ...metrics, ...shapeMetrics(stage) }, problems }
  },
}

/** Nodes join a ring that stands, one after the other. */
import { formSettledRing } from '../ring/stages.ts'
import type { Scenario } from '../scenario.ts'
import { quantile, round, summarize } from '../statistics.ts'

/** A join that takes longer than this has failed. */
const JOINED_WITHIN_MS = 60_000

/** Pause between two joins: the ring is at rest again. */
const PAUSE_MS = 1_000

/** Measures how long one node takes into a large ring. */
export const lateJoin: Scenario = {
  name: 'late-join',
  summary: '--values nodes join a ring of --nodes, one after the other; time per join',
  runsDht: false,
  async run(stage) {
    const problems = await formSettledRing(stage)
    if (problems.length > 0) return { metrics: {}, problems }
    const { world, ring, options } = stage
    const times: number[] = []
    for (let count = 0; count < options.values && problems.length === 0; count++) {
      const node = await ring.startOne()
      const isIn = (): boolean => node.connectedAt !== undefined
      if (await world.runUntil(isIn, { limitMs: JOINED_WITHIN_MS, everyMs: 10 }))
        times.push((node.connectedAt as number) - node.startedAt)
      else problems.push(`${node.host.name} has not joined after ${JOINED_WITHIN_MS / 1000} s`)
      await world.run({ forMs: PAUSE_MS })
    }
    const metrics = { ...summarize('join', times), joinP99Ms: round(quantile(times, 0.99)) }
    return { metrics, problems }
  },
}

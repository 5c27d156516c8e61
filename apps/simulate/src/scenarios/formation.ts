/** All nodes start at the same instant, and the story ends when the last of them knows its place. */
import { formRing, joinMetrics } from '../ring/stages.ts'
import type { Scenario, Stage } from '../scenario.ts'
import { round } from '../statistics.ts'

/** The ring may be right a little before the last node knows that it is in it. */
const KNOWS_WITHIN_MS = 60_000

/** Measures the formation alone: what a large ring costs until it is one. */
export const formation: Scenario = {
  name: 'formation',
  summary: 'as join, and ends when the last node knows its place',
  runsDht: false,
  async run(stage) {
    const problems = await formRing(stage)
    const ringFormedMs = round(stage.world.elapsedMs())
    if (problems.length > 0) return { metrics: joinMetrics(stage), problems }
    const isKnown = await untilAllKnow(stage)
    const { bytesSent } = stage.world.stats
    return {
      metrics: {
        ringFormedMs,
        everyoneKnowsMs: round(stage.world.elapsedMs()),
        ...joinMetrics(stage),
        bytesPerNode: round(bytesSent / stage.options.nodes),
        events: stage.world.eventsExecuted,
      },
      problems: isKnown ? [] : ['a node does not know that it is in the ring'],
    }
  },
}

function untilAllKnow({ world, ring }: Stage): Promise<boolean> {
  const knows = (): boolean => ring.nodes.every((node) => node.connectedAt !== undefined)
  return world.runUntil(knows, { limitMs: KNOWS_WITHIN_MS, everyMs: 10 })
}

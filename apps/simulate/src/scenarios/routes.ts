/** Every node calls others across a ring, a minute after all started: who is reached, over how many hops, how late. */
import type { SimulatedNode } from '../ring/simulated-node.ts'
import type { Scenario, Stage } from '../scenario.ts'
import { mean, quantile, round } from '../statistics.ts'

/** A call has failed by then, resends included. */
const ANSWER_WITHIN_MS = 15_000

interface Route {
  readonly hops: number
  /** Round trip over the ring by that of the direct way. */
  readonly stretch: number
}

/** Measures the routes between random pairs. */
export const routes: Scenario = {
  name: 'routes',
  summary: '--values calls between random pairs --settle seconds after the start; hops and stretch',
  runsDht: false,
  async run(stage) {
    const { world, ring, options } = stage
    await ring.startTogether(options.nodes)
    await world.run({ forMs: options.settleMs })
    const isFormed = ring.isFormed()
    const found = await callPairs(stage)
    const hops = mean(found.map((route) => route.hops))
    const stretches = found.map((route) => route.stretch)
    const connections = ring.nodes.map(({ overlay }) => overlay.connections.size)
    return {
      metrics: {
        calls: options.values,
        routablePercent: round((100 * found.length) / options.values, 3),
        isFormed,
        hopsMean: round(hops, 3),
        hopsByLog2: round(hops / Math.log2(options.nodes), 3),
        stretchMedian: round(quantile(stretches, 0.5), 2),
        stretchP90: round(quantile(stretches, 0.9), 2),
        connectionsMean: round(mean(connections)),
      },
      problems: found.length === 0 ? ['no call was answered'] : [],
    }
  },
}

async function callPairs({ world, ring, options }: Stage): Promise<Route[]> {
  const found: Route[] = []
  for (let count = 0; count < options.values; count++) {
    const [from, to] = ring.pickNodes(2)
    if (from === undefined || to === undefined) break
    const startedAt = world.elapsedMs()
    const target = to.overlay.address
    from.overlay.call(target, 'ring.ping', null, { mode: 'exact' }).then(
      ([reply]) => {
        const tookMs = world.elapsedMs() - startedAt
        if (reply) found.push({ hops: reply.hops, stretch: tookMs / directMs(world, from, to) })
      },
      () => undefined,
    )
    await world.run({ forMs: 5 })
  }
  await world.run({ forMs: ANSWER_WITHIN_MS })
  return found
}

function directMs(world: Stage['world'], from: SimulatedNode, to: SimulatedNode): number {
  return world.latencyMs(from.host, to.host) + world.latencyMs(to.host, from.host)
}

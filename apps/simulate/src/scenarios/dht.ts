/** Values are stored, nodes come and go, and every value must still be found. */
import type { SimulatedNode } from '../ring/simulated-node.ts'
import { SETTLE_MS } from '../limits.ts'
import { formRing, untilFormed } from '../ring/stages.ts'
import type { Scenario, Stage } from '../scenario.ts'
import { round, summarize } from '../statistics.ts'
import { stirRing } from './churn.ts'

/** Values live longer than any run of this scenario. */
const VALUE_TTL_SECONDS = 86_400

/** Measures how many values are found under churn and after it, and how long a call takes. */
export const dht: Scenario = {
  name: 'dht',
  summary: '--values are put, the ring churns for --duration seconds, every value is got back',
  runsDht: true,
  async run(stage) {
    const problems = await formRing(stage)
    if (problems.length > 0) return { metrics: {}, problems }
    await stage.world.run({ forMs: SETTLE_MS })
    const puts = await putAll(stage)
    problems.push(...puts.problems)
    problems.push(...(await createOnce(stage)))
    const before = await getAll(stage)
    stage.tell(`${before.found} of ${stage.options.values} values found before the churn`)
    await stirRing(stage)
    const during = await getAll(stage)
    await untilFormed(stage)
    await stage.world.run({ forMs: SETTLE_MS })
    const after = await getAll(stage)
    problems.push(...before.problems, ...after.problems)
    const metrics = {
      ...summarize('put', puts.times),
      ...summarize('get', before.times),
      ...summarize('getAfterChurn', after.times),
      foundBefore: before.found,
      foundDuringChurn: during.found,
      foundAfter: after.found,
      foundAfterShare: round(after.found / stage.options.values, 4),
    }
    return { metrics, problems }
  },
}

interface Calls {
  readonly times: number[]
  readonly problems: string[]
  found: number
}

async function putAll(stage: Stage): Promise<Calls> {
  return callAll(stage, async (node, index) => {
    await service(node).put(keyOf(index), valueOf(index), VALUE_TTL_SECONDS)
    return undefined
  })
}

async function getAll(stage: Stage): Promise<Calls> {
  return callAll(stage, async (node, index) => {
    const values = await service(node).get(keyOf(index))
    const wanted = textOf(valueOf(index))
    const isFound = values.some(({ value }) => textOf(value) === wanted)
    return isFound ? undefined : `value ${index} was not found`
  })
}

/** Makes one call per value, each from a random node, one after the other. */
async function callAll(
  stage: Stage,
  call: (node: SimulatedNode, index: number) => Promise<string | undefined>,
): Promise<Calls> {
  const calls: Calls = { times: [], problems: [], found: 0 }
  for (let index = 0; index < stage.options.values; index++) {
    const [node] = stage.ring.pickNodes(1)
    if (node === undefined) break
    const startedAt = stage.world.elapsedMs()
    try {
      const problem = await stage.world.settle(call(node, index), { limitMs: 120_000 })
      if (problem === undefined) calls.found++
      else calls.problems.push(problem)
    } catch (error) {
      calls.problems.push(`value ${index}: ${String(error)}`)
    }
    calls.times.push(stage.world.elapsedMs() - startedAt)
  }
  return calls
}

/** Lets several nodes create one key at the same time: exactly one may succeed. */
async function createOnce(stage: Stage): Promise<string[]> {
  const rivals = stage.ring.pickNodes(4)
  const attempts = rivals.map((node, index) =>
    service(node)
      .create('rivals', valueOf(index), VALUE_TTL_SECONDS)
      .then(
        () => 1,
        () => 0,
      ),
  )
  const wins: number[] = await stage.world.settle(Promise.all(attempts))
  const winners = wins.reduce((sum, win) => sum + win, 0)
  return winners <= 1 ? [] : [`I14: ${winners} of ${rivals.length} exclusive creates succeeded`]
}

function service(node: SimulatedNode): NonNullable<SimulatedNode['dht']> {
  if (node.dht === undefined) throw new Error('a node without a DHT')
  return node.dht
}

function keyOf(index: number): string {
  return `simulate-${index}`
}

function valueOf(index: number): Uint8Array {
  return new TextEncoder().encode(`value ${index}`)
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

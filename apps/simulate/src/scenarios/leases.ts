/** Nodes lease virtual addresses from a small pool at the same time; no address may have two owners. */
import { DhtError } from '@ipop/dht'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import { SETTLE_MS } from '../limits.ts'
import { formRing } from '../ring/stages.ts'
import type { Scenario, Stage } from '../scenario.ts'
import { round, summarize } from '../statistics.ts'

const LEASE_SECONDS = 3_600

/** Measures how long a lease takes and that owners are unique. */
export const leases: Scenario = {
  name: 'leases',
  summary: 'every node leases an address at once; no address may have two owners',
  runsDht: true,
  async run(stage) {
    const problems = await formRing(stage)
    if (problems.length > 0) return { metrics: {}, problems }
    await stage.world.run({ forMs: SETTLE_MS })
    // A pool a quarter larger than the ring makes rivals meet often.
    const pool = Math.ceil(stage.options.nodes * 1.25)
    const owners = new Map<string, SimulatedNode[]>()
    const times: number[] = []
    const startedAt = stage.world.elapsedMs()
    const lease = async (node: SimulatedNode): Promise<void> => {
      const address = await leaseOne(stage, node, pool)
      times.push(stage.world.elapsedMs() - startedAt)
      if (address !== undefined) owners.set(address, [...(owners.get(address) ?? []), node])
    }
    await stage.world.settle(Promise.all(stage.ring.running.map(lease)), {
      limitMs: stage.options.limitMs,
    })
    problems.push(...(await checkOwners(stage, owners)))
    const metrics = {
      leased: owners.size,
      pool,
      share: round(owners.size / stage.options.nodes, 4),
    }
    return { metrics: { ...metrics, ...summarize('lease', times) }, problems }
  },
}

async function leaseOne(
  stage: Stage,
  node: SimulatedNode,
  pool: number,
): Promise<string | undefined> {
  const random = node.host.runtime.random.fork('lease')
  const name = new TextEncoder().encode(node.overlay.address.toString())
  for (let attempt = 0; attempt < 20; attempt++) {
    const number = 1 + random.below(pool)
    const address = `10.128.${number >> 8}.${number & 255}`
    try {
      await node.dht?.create(`dhcp:simulate:${address}`, name, LEASE_SECONDS)
      return address
    } catch (error) {
      if (!(error instanceof DhtError)) throw error
    }
  }
  return undefined
}

/** Checks that each leased address is held by one node, and that the others read that node's name. */
async function checkOwners(
  stage: Stage,
  owners: ReadonlyMap<string, readonly SimulatedNode[]>,
): Promise<string[]> {
  const problems: string[] = []
  for (const [address, [owner, ...rivals]] of owners) {
    if (rivals.length > 0)
      problems.push(`I14: ${rivals.length + 1} nodes believe they own ${address}`)
    const [reader] = stage.ring.pickNodes(1)
    if (reader?.dht === undefined || owner === undefined) continue
    const values = await stage.world.settle(reader.dht.get(`dhcp:simulate:${address}`))
    const names = values.map(({ value }) => new TextDecoder().decode(value))
    if (names.length === 1 && names[0] === owner.overlay.address.toString()) continue
    problems.push(`I12: ${address} is not read as its owner's but as: ${names.join(', ')}`)
  }
  return problems
}

/** A share of the members lies, each in its way; the others look positions and values up and keep their leases. */
import type { FaultKind } from '@ipop/simulator'
import { corrupt } from '../mixed/liar.ts'
import { LeaseHolder, poolFor } from '../ring/lease-holder.ts'
import { Lookups } from '../ring/lookups.ts'
import { formSettledRing } from '../ring/stages.ts'
import type { SimulatedNode } from '../ring/simulated-node.ts'
import type { Scenario, Stage } from '../scenario.ts'
import { round } from '../statistics.ts'

const LIES: readonly FaultKind[] = [
  'drop packets',
  'misroute packets',
  'withhold records',
  'false neighbors',
]

const VALUE_TTL_SECONDS = 86_400

/** Leases are there before anybody lies. */
const LEASED_WITHIN_MS = 120_000

/** Liars lie for this long before anybody asks, so that their work shows. */
const LIE_FOR_MS = 10_000

/** Measures what honest members still find. */
export const liars: Scenario = {
  name: 'liars',
  summary: '--fraction of the members lie; --values lookups and reads of the others',
  runsDht: true,
  async run(stage) {
    const problems = await formSettledRing(stage)
    if (problems.length > 0) return { metrics: {}, problems }
    const { world, ring, options } = stage
    const lying = new Set(ring.pickNodes(Math.floor(options.nodes * options.fraction)))
    const honest = ring.running.filter((node) => !lying.has(node))
    await putAll(stage, honest)
    const leases = await leaseAll(stage, honest)
    for (const [index, node] of [...lying].entries())
      corrupt(node, LIES[index % LIES.length] as FaultKind, world.random.fork(`liar ${index}`))
    await world.run({ forMs: LIE_FOR_MS })
    const lookups = new Lookups(stage, (node) => !lying.has(node))
    for (let count = 0; count < options.values; count++) {
      lookups.start()
      await world.run({ forMs: 20 })
    }
    const reads = await readAll(stage, honest)
    const metrics = { liars: lying.size, ...(await lookups.finish()), ...reads }
    return { metrics: { ...metrics, ...leasesLost(leases) }, problems: [] }
  },
}

async function putAll({ world, options }: Stage, honest: readonly SimulatedNode[]): Promise<void> {
  for (let index = 0; index < options.values; index++) {
    const { dht } = honest[index % honest.length] as SimulatedNode
    await world.settle(
      dht?.put(`value ${index}`, textBytes(index), VALUE_TTL_SECONDS) as Promise<void>,
    )
  }
}

async function leaseAll(
  { world }: Stage,
  honest: readonly SimulatedNode[],
): Promise<Map<LeaseHolder, string | undefined>> {
  const { network } = poolFor(honest.length)
  const holders = honest.map((node) => new LeaseHolder(node, network))
  const isDone = (): boolean => holders.every(({ address }) => address !== undefined)
  await world.runUntil(isDone, { limitMs: LEASED_WITHIN_MS, everyMs: 1_000 })
  return new Map(holders.map((holder) => [holder, holder.address]))
}

async function readAll({ world, options, ring }: Stage, honest: readonly SimulatedNode[]) {
  let right = 0
  let forged = 0
  const reads = Array.from({ length: options.values }, async (_, index) => {
    const { dht } = honest[ring.random.below(honest.length)] as SimulatedNode
    const values = await dht?.get(`value ${index}`).catch(() => [])
    const texts = (values ?? []).map(({ value }) => new TextDecoder().decode(value))
    if (texts.includes(`text ${index}`)) right++
    forged += texts.filter((text) => text !== `text ${index}`).length
  })
  await world.settle(Promise.all(reads))
  return { readsRightPercent: round((100 * right) / options.values, 3), forgedRecords: forged }
}

function leasesLost(leases: ReadonlyMap<LeaseHolder, string | undefined>): Record<string, number> {
  const now = [...leases.keys()].flatMap(({ address }) => address ?? [])
  return {
    leases: [...leases.values()].filter((address) => address !== undefined).length,
    leasesLost: [...leases].filter(([{ address }, before]) => before && address !== before).length,
    doubleOwners: now.length - new Set(now).size,
  }
}

function textBytes(index: number): Uint8Array {
  return new TextEncoder().encode(`text ${index}`)
}

/** Nodes come, go and die: what a majority acknowledged stays readable. */
import { closest } from '@ipop/address'
import { describe, expect, it } from '@jest/globals'
import { hashKey, replicaPositions } from '../../src/index.ts'
import { bytesOf, Village, type Villager } from '../helpers/village.ts'

const DAY = 24 * 3_600
const KEYS = Array.from({ length: 12 }, (_, i) => `key-${i}`)

describe('replicas that come and go', () => {
  it.each([1, 2])(
    'loses nothing when three of eight replicas die at once (seed %d)',
    async (seed) => {
      const village = await Village.settled(32, { seed })
      await fill(village)
      for (const key of KEYS.slice(0, 4)) {
        const doomed = replicasOf(village, key)
        for (let i = 0; i < 3; i++) pick(village, doomed)
        expect({ seed, key, values: await village.read(village.at(seed), key) }).toEqual({
          seed,
          key,
          values: [key],
        })
        await village.time.advance(60_000)
      }
      await expectAll(village)
    },
  )

  it('reads a value that only five replicas ever had after three of those died', async () => {
    const village = await Village.settled(60, { seed: 9 })
    const replicas = [...new Set(replicasOf(village, 'thin'))]
    expect(replicas.length).toBe(8)
    const writer = village.villagers.find((villager) => !replicas.includes(villager)) as Villager
    for (const away of replicas.slice(5)) away.node.isUp = false
    await village.run(writer.dht.put('thin', bytesOf('thin'), DAY))
    for (const away of replicas.slice(5)) away.node.isUp = true
    for (const dead of replicas.slice(0, 3)) village.crash(dead)
    await village.time.advance(6_000)
    expect(await village.read(writer, 'thin')).toEqual(['thin'])
  })

  it.each([1])('hands everything over while a ring shrinks to one node (seed %d)', async (seed) => {
    const village = await Village.settled(16, { seed })
    await fill(village)
    while (village.villagers.length > 1) {
      await village.leave(village.at(village.random.below(1_000)))
      await village.time.advance(300)
    }
    await expectAll(village)
  })

  it('tells whoever leaves whether its neighbours have everything', async () => {
    const village = await Village.settled(3, { seed: 5 })
    await fill(village)
    const [deaf, other, leaver] = village.villagers as [Villager, Villager, Villager]
    deaf.node.isUp = false
    expect(await village.run(other.dht.leave())).toBe(false)
    deaf.node.isUp = true
    expect(await village.run(leaver.dht.leave())).toBe(true)
  })

  it('hands a key over although all of its replicas leave at once', async () => {
    const village = await Village.settled(40, { seed: 4 })
    await village.run(village.at(0).dht.create('key', bytesOf('key'), DAY))
    const leavers = [...new Set(replicasOf(village, 'key'))]
    await village.run(Promise.all(leavers.map(({ dht }) => dht.leave())))
    for (const leaver of leavers) await village.leave(leaver)
    await village.time.advance(200)
    expect(await village.read(village.at(0), 'key')).toEqual(['key'])
  })

  it('keeps everything readable while a ring of 3 grows to 40, and lets go of what moved away', async () => {
    const village = await Village.settled(3, { seed: 5 })
    await fill(village)
    const founders = village.villagers.slice()
    const stored = () => founders.reduce((sum, { dht }) => sum + dht.stats.keys, 0)
    expect(stored()).toBe(3 * KEYS.length)
    for (let i = 0; i < 37; i++) {
      village.join()
      await village.time.advance(3_000)
    }
    await expectAll(village)
    await village.time.advance(120_000)
    expect(stored()).toBeLessThan(2.5 * KEYS.length)
    for (const key of KEYS) expect(holdersAtPositions(village, key)).toBe(8)
  })

  it('gives a newcomer everything although hand-over to dead nodes had failed again and again', async () => {
    const village = await Village.settled(4, { seed: 7, detectionMs: 16_000 })
    await fill(village)
    village.crash(village.at(3))
    const guest = village.join()
    await village.time.advance(400)
    village.crash(guest)
    // Everybody is in the third try to reach the dead ones.
    await village.time.advance(16_000)
    const handedOver = () =>
      village.villagers.reduce((sum, { dht }) => sum + dht.stats.handedOver, 0)
    const before = handedOver()
    village.join()
    await village.time.advance(7_000)
    expect(handedOver() - before).toBeGreaterThanOrEqual(KEYS.length)
  })

  it('rebuilds all replicas after half of the nodes died at once', async () => {
    const village = await Village.settled(40, { seed: 6 })
    await fill(village)
    for (let i = 0; i < 20; i++) village.crash(village.at(village.random.below(1_000)))
    await village.time.advance(10 * 60_000)
    for (const key of KEYS)
      expect({ key, held: holdersAtPositions(village, key) }).toEqual({ key, held: 8 })
    await expectAll(village)
  })
})

async function fill(village: Village): Promise<void> {
  await village.run(
    Promise.all(KEYS.map((key, i) => village.at(i).dht.create(key, bytesOf(key), DAY))),
  )
}

async function expectAll(village: Village): Promise<void> {
  for (const key of KEYS)
    expect([key, await village.read(village.at(0), key)]).toEqual([key, [key]])
}

function replicasOf(village: Village, key: string): Villager[] {
  const byKey = new Map(village.villagers.map((villager) => [villager.node.address.key, villager]))
  const addresses = village.villagers.map(({ node }) => node.address)
  return replicaPositions(hashKey(key)).flatMap((position) => {
    const nearest = closest(position, addresses)
    return (nearest && byKey.get(nearest.key)) ?? []
  })
}

function pick(village: Village, doomed: Villager[]): void {
  const [victim] = doomed.splice(village.random.below(doomed.length), 1)
  if (victim && village.villagers.includes(victim)) village.crash(victim)
}

function holdersAtPositions(village: Village, key: string): number {
  const hash = hashKey(key)
  return replicasOf(village, key).filter((villager) => villager.dht.holds(hash)).length
}

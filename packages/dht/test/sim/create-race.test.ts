/** Several nodes want one key at once: at most one gets it, and in a quiet network exactly one. */
import { describe, expect, it } from '@jest/globals'
import { hashKey, replicaPositions } from '../../src/index.ts'
import { writePutRequest } from '../../src/wire/put.ts'
import { entryOf } from '../helpers/entries.ts'
import { bytesOf, Village, type Villager } from '../helpers/village.ts'

const HOUR = 3_600

interface Race {
  readonly size: number
  readonly contenders: number
  readonly spreadMs: number
  readonly lossProbability: number
  readonly clockSpreadMs: number
  readonly seeds: number
}

const QUIET: Race[] = [
  { size: 2, contenders: 2, spreadMs: 0, lossProbability: 0, clockSpreadMs: 0, seeds: 4 },
  { size: 12, contenders: 2, spreadMs: 30, lossProbability: 0, clockSpreadMs: 0, seeds: 4 },
  { size: 12, contenders: 2, spreadMs: 100, lossProbability: 0, clockSpreadMs: 20_000, seeds: 4 },
  { size: 16, contenders: 5, spreadMs: 50, lossProbability: 0, clockSpreadMs: 1_000, seeds: 3 },
]

const NOISY: Race[] = [
  { size: 12, contenders: 3, spreadMs: 200, lossProbability: 0.1, clockSpreadMs: 1_000, seeds: 4 },
  { size: 20, contenders: 6, spreadMs: 2_000, lossProbability: 0.03, clockSpreadMs: 0, seeds: 4 },
]

describe('a race for one key', () => {
  it.each(QUIET)('has exactly one winner: %o', async (race) => {
    for (let seed = 1; seed <= race.seeds; seed++) {
      const { village, winners } = await runRace(race, seed)
      expect({ seed, winners: winners.length }).toEqual({ seed, winners: 1 })
      const read = await village.read(village.at(seed), 'lease')
      expect(read).toEqual(winners.map(nameOf))
    }
  })

  it.each(NOISY)('never has two winners: %o', async (race) => {
    let won = 0
    for (let seed = 1; seed <= race.seeds; seed++) {
      const { winners } = await runRace(race, seed)
      expect({ seed, isFine: winners.length <= 1 }).toEqual({ seed, isFine: true })
      won += winners.length
    }
    expect(won).toBeGreaterThan(race.seeds / 2)
  })

  it('ends at once where somebody was granted the key, however few replicas still know', async () => {
    const village = await Village.settled(30, { seed: 8 })
    const signedAtMs = Math.floor(village.time.wallTimeMs()) + 300_000
    const ahead = { isExclusive: true, signedAtMs, claimedAtMs: signedAtMs }
    const granted = entryOf({ ...ahead, keyHash: hashKey('lease'), value: bytesOf('granted') })
    const args = writePutRequest({ keyHash: granted.keyHash, entry: granted.bytes })
    const { node, dht } = village.at(0)
    for (const position of replicaPositions(granted.keyHash).slice(0, 2))
      await village.run(node.call(position, 'dht.put', args, { mode: 'greedy' }))
    const result = await village.run(Promise.allSettled([dht.create('lease', bytesOf('b'), HOUR)]))
    expect(result).toMatchObject([{ status: 'rejected', reason: { code: 'DHT_ENTRY_EXISTS' } }])
    expect(await village.read(village.at(9), 'lease')).toEqual(['granted'])
  })

  it('is fair to a later attempt once the holder has let go', async () => {
    const village = await Village.settled(10, { seed: 3 })
    for (let round = 0; round < 4; round++) {
      const holder = village.at(round)
      await village.run(holder.dht.create('lease', bytesOf(nameOf(holder)), HOUR))
      expect(await village.read(village.at(9), 'lease')).toEqual([nameOf(holder)])
      expect(await village.run(holder.dht.release('lease'))).toBe(true)
    }
  })
})

async function runRace(
  race: Race,
  seed: number,
): Promise<{ village: Village; winners: Villager[] }> {
  const village = new Village({ seed })
  const spread = race.clockSpreadMs
  for (let i = 0; i < race.size; i++)
    village.join({ clockOffsetMs: (village.random.float() - 0.5) * spread })
  await village.time.advance(60_000)
  village.ring.options.lossProbability = race.lossProbability
  const attempts = village.villagers.slice(0, race.contenders).map(async (villager) => {
    await village.time.sleep(village.random.float() * race.spreadMs)
    await villager.dht.create('lease', bytesOf(nameOf(villager)), HOUR)
    return villager
  })
  const results = await village.run(Promise.allSettled(attempts))
  village.ring.options.lossProbability = 0
  return { village, winners: results.flatMap((r) => (r.status === 'fulfilled' ? [r.value] : [])) }
}

function nameOf(villager: Villager): string {
  return villager.identity.address.key
}

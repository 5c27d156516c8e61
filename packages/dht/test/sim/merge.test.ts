/** Two rings that allocated the same key become one: one owner remains, and the other learns of it. */
import { describe, expect, it } from '@jest/globals'
import { DhtError, winsOver } from '../../src/index.ts'
import { bytesOf, Village, type Villager } from '../helpers/village.ts'

const HOUR = 3_600

describe('the merge of two rings', () => {
  it.each([1, 2, 3])('leaves one owner of a key that both gave away (seed %d)', async (seed) => {
    const { village, sides } = await torn(20, seed)
    const [early, late] = seed % 2 ? [sides[0], sides[1]] : [sides[1], sides[0]]
    await village.run(early.dht.create('lease', bytesOf('early'), HOUR))
    await village.time.advance(5_000)
    await village.run(late.dht.create('lease', bytesOf('late'), HOUR))
    expect(await village.read(early, 'lease')).toEqual(['early'])
    expect(await village.read(late, 'lease')).toEqual(['late'])

    village.ring.partition(() => 0)
    await village.time.advance(2_000)
    for (let reader = 0; reader < 6; reader++)
      expect(await village.read(village.at(reader * 5), 'lease')).toEqual(['early'])
    const error = await village.run(
      late.dht.create('lease', bytesOf('late'), HOUR).catch((e: unknown) => e),
    )
    expect(error).toBeInstanceOf(DhtError)
    expect((error as DhtError).code).toBe('DHT_ENTRY_EXISTS')
    expect((error as DhtError).holder?.owner.equals(early.identity.address)).toBe(true)
    await village.run(early.dht.create('lease', bytesOf('early again'), HOUR))
    expect(await village.read(late, 'lease')).toEqual(['early again'])
  })

  it('brings every replica to the winner without anybody reading', async () => {
    const { village, sides } = await torn(20, 7)
    await village.run(sides[0].dht.create('lease', bytesOf('early'), HOUR))
    await village.run(sides[1].dht.create('lease', bytesOf('late'), HOUR))
    village.ring.partition(() => 0)
    await village.time.advance(30 * 60_000)
    const held = await Promise.all(
      village.villagers.map(({ dht, node }) => village.run(dht.dump(node.address))),
    )
    const owners = new Set(held.flat().map(({ entry }) => entry.owner.key))
    expect(owners).toEqual(new Set([sides[0].identity.address.key]))
  })

  it('joins the shared values of both rings', async () => {
    const { village, sides } = await torn(20, 8)
    await village.run(sides[0].dht.put('members', bytesOf('a'), HOUR))
    await village.run(sides[1].dht.put('members', bytesOf('b'), HOUR))
    village.ring.partition(() => 0)
    await village.time.advance(5 * 60_000)
    expect(await village.read(village.at(3), 'members')).toEqual(['a', 'b'])
  })

  it('does not bring back what one ring withdrew during the split', async () => {
    const { village, sides } = await torn(20, 9, async (village, [owner]) => {
      await village.run(owner.dht.create('lease', bytesOf('old'), 2 * HOUR))
    })
    expect(await village.read(sides[1], 'lease')).toEqual(['old'])
    expect(await village.run(sides[0].dht.release('lease'))).toBe(true)
    village.ring.partition(() => 0)
    await village.time.advance(5 * 60_000)
    for (let reader = 0; reader < 5; reader++)
      expect(await village.read(village.at(reader * 4), 'lease')).toEqual([])
  })
})

describe('winsOver', () => {
  it('is a strict order of rivals', async () => {
    const village = new Village({ seed: 4 })
    const owners = [village.join(), village.join(), village.join()].map((v) => v.identity.address)
    const claims = owners.flatMap((owner) =>
      [1, 2].flatMap((claimedAtMs) =>
        [
          [true, false],
          [true, true],
          [false, false],
        ].map(([isExclusive = false, isTentative = false]) => ({
          owner,
          claimedAtMs,
          isExclusive,
          isTentative,
        })),
      ),
    )
    for (const a of claims) {
      for (const b of claims) {
        if (a.owner.equals(b.owner)) continue
        expect(winsOver(a, b)).toBe(!winsOver(b, a))
        for (const c of claims) {
          if (c.owner.equals(b.owner) || c.owner.equals(a.owner)) continue
          if (winsOver(a, b) && winsOver(b, c)) expect(winsOver(a, c)).toBe(true)
        }
      }
    }
  })
})

type Sides = readonly [Villager, Villager]

async function torn(
  size: number,
  seed: number,
  before: (village: Village, sides: Sides) => Promise<void> = async () => undefined,
): Promise<{ village: Village; sides: Sides }> {
  const village = await Village.settled(size, { seed })
  const sides = [village.at(0), village.at(1)] as const
  await before(village, sides)
  const islands = new Map(village.villagers.map((villager, i) => [villager.node, i % 2]))
  village.ring.partition((node) => islands.get(node) ?? 0)
  await village.time.advance(5 * 60_000)
  return { village, sides }
}

/** The DHT on real overlay nodes over simulated networks. */
import { describe, expect, it } from '@jest/globals'
import { DhtError } from '../../src/index.ts'
import { OverlayWorld } from '../helpers/overlay-world.ts'
import { bytesOf } from '../helpers/village.ts'

const HOUR = 3_600
const KEYS = Array.from({ length: 8 }, (_, i) => `key-${i}`)

describe('on a real ring', () => {
  it('works on a ring of one', async () => {
    const ring = await OverlayWorld.formed(1, { seed: 1 })
    await ring.run(ring.at(0).dht.create('lease', bytesOf('a'), HOUR))
    expect(await ring.read(ring.at(0), 'lease')).toEqual(['a'])
  })

  it('stores, refuses and finds, the largest values too', async () => {
    const ring = await OverlayWorld.formed(12, { seed: 2, jitterMs: 10 })
    const large = 'x'.repeat(1_024)
    await ring.run(ring.at(3).dht.create('lease', bytesOf(large), HOUR))
    expect(await ring.read(ring.at(7), 'lease')).toEqual([large])
    const error = await ring.run(
      ring
        .at(5)
        .dht.create('lease', bytesOf('b'), HOUR)
        .catch((e: unknown) => e),
    )
    expect((error as DhtError).code).toBe('DHT_ENTRY_EXISTS')
    for (let i = 0; i < 12; i++)
      await ring.run(ring.at(i).dht.put('members', bytesOf(`m${i + 10}`), HOUR))
    expect((await ring.read(ring.at(0), 'members')).length).toBe(12)
  })

  it('gives a contested key to one node while datagrams get lost', async () => {
    const ring = await OverlayWorld.formed(10, { seed: 3, lossProbability: 0.1, jitterMs: 20 })
    for (const key of KEYS.slice(0, 4)) {
      const results = await ring.run(
        Promise.allSettled([1, 4, 7].map((i) => ring.at(i).dht.create(key, bytesOf(`${i}`), HOUR))),
      )
      expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1)
    }
  })

  it('keeps everything through joins, leaves and crashes', async () => {
    const ring = await OverlayWorld.formed(12, { seed: 4 })
    for (const [i, key] of KEYS.entries())
      await ring.run(ring.at(i).dht.create(key, bytesOf(key), HOUR))
    for (let i = 0; i < 3; i++) await ring.add()
    await ring.untilConnected()
    await ring.world.run({ forMs: 20_000 })
    for (let i = 0; i < 3; i++) await ring.leave(ring.at(5))
    for (let i = 0; i < 2; i++) ring.crash(ring.at(6))
    await ring.world.run({ forMs: 60_000 })
    for (const key of KEYS) expect([key, await ring.read(ring.at(1), key)]).toEqual([key, [key]])
  })

  it('ends a split with one owner', async () => {
    const ring = await OverlayWorld.formed(8, { seed: 5 })
    const hosts = ring.members.map(({ host }) => host)
    ring.world.partition([hosts.slice(0, 4), hosts.slice(4)])
    await ring.world.run({ forMs: 60_000 })
    await ring.run(ring.at(1).dht.create('lease', bytesOf('early'), HOUR))
    await ring.run(ring.at(6).dht.create('lease', bytesOf('late'), HOUR))
    ring.world.heal()
    await ring.world.run({ forMs: 120_000 })
    const error = await ring.run(
      ring
        .at(6)
        .dht.create('lease', bytesOf('late'), HOUR)
        .catch((e: unknown) => e),
    )
    expect((error as DhtError).code).toBe('DHT_ENTRY_EXISTS')
    for (let i = 0; i < 8; i += 3) expect(await ring.read(ring.at(i), 'lease')).toEqual(['early'])
  })
})

/** The client's limits, its own memory, and registrations. */
import { describe, expect, it } from '@jest/globals'
import { OwnEntries } from '../../src/client/own-entries.ts'
import { Turns } from '../../src/client/turns.ts'
import { DhtError, Registration, TTL_SECONDS_MAX, type RegistrationStore } from '../../src/index.ts'
import { KEY_BYTES_MAX, OWN_KEYS_MAX, REGISTRATION_RETRY_MS } from '../../src/limits.ts'
import { hashKey } from '../../src/index.ts'
import { entryOf, KEY_HASH } from '../helpers/entries.ts'
import { EPOCH_MS, recordingLog, VirtualTime } from '../helpers/virtual-time.ts'
import { bytesOf, Village } from '../helpers/village.ts'

describe('a call with impossible arguments', () => {
  const cases: [string, string, number, number, object][] = [
    [
      'key',
      'x'.repeat(1_025),
      60,
      0,
      { code: 'DHT_VALUE_TOO_LARGE', wanted: 1_024, received: 1_025 },
    ],
    ['key', 'x', TTL_SECONDS_MAX + 1, 0, { code: 'DHT_TTL_OUT_OF_RANGE', wanted: TTL_SECONDS_MAX }],
    ['key', 'x', 0, 0, { code: 'DHT_TTL_OUT_OF_RANGE', received: 0 }],
    ['key', 'x', 1.5, 0, { code: 'DHT_TTL_OUT_OF_RANGE', received: 1.5 }],
    [
      'k'.repeat(KEY_BYTES_MAX + 1),
      'x',
      60,
      0,
      { code: 'DHT_KEY_TOO_LARGE', wanted: KEY_BYTES_MAX },
    ],
    ['key', 'x', 60, 3_600_000, { code: 'DHT_CLOCK_SKEW' }],
    ['key', 'x', 60, -3_600_000, { code: 'DHT_CLOCK_SKEW' }],
  ]
  it.each(cases)(
    'is refused by name (case %#)',
    async (key, value, ttl, clockOffsetMs, expected) => {
      const village = await Village.settled(3)
      const { dht } = village.join({ clockOffsetMs })
      for (const work of [dht.put(key, bytesOf(value), ttl), dht.create(key, bytesOf(value), ttl)])
        expect(await village.run(failureOf(work))).toMatchObject(expected)
    },
  )

  it('names the store that is full', async () => {
    const village = await Village.settled(3, { storeLimits: { recordsMax: 1 } })
    await village.run(village.at(0).dht.put('a', bytesOf('x'), 60))
    expect((await village.run(failureOf(village.at(0).dht.put('b', bytesOf('x'), 60)))).code).toBe(
      'DHT_STORE_FULL',
    )
  })

  it('is refused after leaving', async () => {
    const village = await Village.settled(2)
    const { dht } = village.at(0)
    await village.run(dht.leave())
    expect((await village.run(failureOf(dht.get('a')))).code).toBe('DHT_CLOSED')
    await village.run(dht.leave())
  })

  it('says how many replicas agreed when too few did', async () => {
    const village = await Village.settled(12)
    for (const villager of village.villagers.slice(1)) villager.node.isUp = false
    const lonely = village.at(0)
    const error = await village.run(failureOf(lonely.dht.put('a', bytesOf('x'), 60)))
    expect(error).toMatchObject({ code: 'DHT_QUORUM_FAILED', wanted: 5 })
    expect((await village.run(failureOf(lonely.dht.get('a')))).code).toBe('DHT_QUORUM_FAILED')
  })
})

describe('values', () => {
  it('age and end without anybody doing anything', async () => {
    const village = await Village.settled(6)
    await village.run(village.at(0).dht.put('a', bytesOf('x'), 100))
    await village.time.advance(40_000)
    const [value] = await village.run(village.at(1).dht.get('a'))
    expect(value?.ageSeconds).toBeCloseTo(40, 0)
    expect(value?.ttlSeconds).toBeCloseTo(60, 0)
    expect(value?.owner.equals(village.at(0).identity.address)).toBe(true)
    await village.time.advance(61_000)
    expect(await village.read(village.at(1), 'a')).toEqual([])
    await village.time.advance(700_000)
    for (const { dht } of village.villagers)
      expect(dht.stats).toMatchObject({ records: 0, remembered: 0 })
  })

  it('are renewed by their owner, also by one that was restarted with its clock set back', async () => {
    const village = await Village.settled(6)
    const first = village.at(0)
    await village.run(first.dht.create('a', bytesOf('x'), 100))
    village.crash(first)
    await village.time.advance(20_000)
    const again = village.join({ identity: first.identity, clockOffsetMs: -300_000 })
    await village.time.advance(20_000)
    await village.run(again.dht.create('a', bytesOf('y'), 1_000))
    expect(await village.read(village.at(1), 'a')).toEqual(['y'])
    expect(await village.run(again.dht.release('a'))).toBe(true)
    expect(await village.read(village.at(1), 'a')).toEqual([])
  })

  it('are released one by one, also by an owner that has forgotten them', async () => {
    const village = await Village.settled(6)
    const first = village.at(0)
    for (const text of ['a', 'b', 'c']) await village.run(first.dht.put('k', bytesOf(text), 600))
    village.crash(first)
    await village.time.advance(20_000)
    const again = village.join({ identity: first.identity })
    await village.time.advance(20_000)
    expect(await village.run(again.dht.release('k', bytesOf('b')))).toBe(true)
    expect(await village.read(village.at(1), 'k')).toEqual(['a', 'c'])
    expect(await village.run(again.dht.release('k', bytesOf('nothing')))).toBe(false)
    await village.run(again.dht.put('k', bytesOf('d'), 600, { isReplacing: true }))
    expect(await village.read(village.at(1), 'k')).toEqual(['d'])
  })

  it('come out right when one node creates and releases in a hurry', async () => {
    const village = await Village.settled(8)
    const { dht } = village.at(0)
    const steps = [
      dht.create('a', bytesOf('1'), 60),
      dht.release('a'),
      dht.create('a', bytesOf('2'), 60),
    ]
    await village.run(Promise.all(steps))
    expect(await village.read(village.at(1), 'a')).toEqual(['2'])
  })

  it('of a creator that died half way block the key for a minute only', async () => {
    const village = await Village.settled(10)
    const doomed = village.at(0)
    doomed.dht.create('a', bytesOf('x'), 3_600).catch(() => undefined)
    await village.time.advance(60)
    village.crash(doomed)
    await village.time.advance(10_000)
    expect(await village.read(village.at(0), 'a')).toEqual([])
    await village.time.advance(60_000)
    await village.run(village.at(1).dht.create('a', bytesOf('y'), 3_600))
    expect(await village.read(village.at(0), 'a')).toEqual(['y'])
  })
})

describe('own entries', () => {
  it('are not renewed once any clock says that they ended', () => {
    let wallMs = EPOCH_MS
    const time = new VirtualTime()
    const own = new OwnEntries({ clock: time, wallTimeMs: () => wallMs })
    own.remember(entryOf({ isExclusive: true }))
    expect(own.live(KEY_HASH).length).toBe(1)
    wallMs += 3_600_000
    expect(own.live(KEY_HASH)).toEqual([])
  })

  it('are numbered upwards whatever the clock does', () => {
    let wallMs = EPOCH_MS
    const own = new OwnEntries({ clock: new VirtualTime(), wallTimeMs: () => wallMs })
    const first = own.nextSequence()
    expect(own.nextSequence()).toBe(first + 1)
    wallMs -= 1_000_000
    own.skipTo(first + 10)
    expect(own.nextSequence()).toBe(first + 11)
  })

  it('are forgotten from the oldest when there are too many', () => {
    const own = new OwnEntries({ clock: new VirtualTime(), wallTimeMs: () => EPOCH_MS })
    const entry = entryOf()
    for (let i = 0; i <= OWN_KEYS_MAX; i++) own.remember({ ...entry, keyHash: hashKey(`${i}`) })
    expect(own.live(hashKey('0'))).toEqual([])
    expect(own.live(hashKey('1')).length).toBe(1)
  })
})

describe('turns', () => {
  it('run one after the other, also after a failure', async () => {
    const turns = new Turns()
    const done: number[] = []
    const step = (n: number) => async () => {
      await Promise.resolve()
      done.push(n)
      if (n === 1) throw new Error('one')
    }
    const results = await Promise.allSettled([1, 2, 3].map((n) => turns.take('a', step(n))))
    expect(done).toEqual([1, 2, 3])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
  })
})

describe('a registration', () => {
  it('retries every 30 s until it works, renews at half time, releases when stopped', async () => {
    const time = new VirtualTime()
    const calls: [number, string][] = []
    let failures = 2
    const note = (what: string) => calls.push([time.now(), what])
    const dht: RegistrationStore = {
      put: async () => {
        note('put')
        if (failures-- > 0) throw new Error('no ring yet')
      },
      create: async () => undefined,
      release: async () => note('release') > 0,
    }
    const options = { key: 'name', value: bytesOf('x'), ttlSeconds: 600 }
    const registration = new Registration(
      { dht, clock: time, timers: time, log: recordingLog([]) },
      options,
    )
    registration.start()
    registration.start()
    await time.advance(2 * REGISTRATION_RETRY_MS + 600_000)
    await time.run(registration.stop())
    expect(calls).toEqual([
      [0, 'put'],
      [30_000, 'put'],
      [60_000, 'put'],
      [360_000, 'put'],
      [660_000, 'put'],
      [660_000, 'release'],
    ])
    expect(registration.isRegistered).toBe(false)
  })
})

async function failureOf(work: Promise<unknown>): Promise<DhtError> {
  try {
    await work
  } catch (error) {
    if (error instanceof DhtError) return error
    throw error
  }
  throw new Error('it worked')
}

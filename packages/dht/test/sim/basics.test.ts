/** What a caller sees of the DHT on rings of several sizes. */
import { describe, expect, it } from '@jest/globals'
import { DhtError } from '../../src/index.ts'
import { bytesOf, Village } from '../helpers/village.ts'

const HOUR = 3_600

describe.each([1, 2, 3, 8, 30])('a ring of %d', (size) => {
  it('stores values of several owners under one key', async () => {
    const village = await Village.settled(size)
    await village.run(village.at(0).dht.put('name', bytesOf('a'), HOUR))
    await village.run(village.at(1).dht.put('name', bytesOf('b'), HOUR))
    await village.run(village.at(1).dht.put('name', bytesOf('c'), HOUR))
    expect(await village.read(village.at(2), 'name')).toEqual(['a', 'b', 'c'])
    expect(await village.read(village.at(2), 'other')).toEqual([])
  })

  it('gives an exclusive key to one owner and tells others who has it', async () => {
    const village = await Village.settled(size)
    const [holder, other] = [village.at(0), size === 1 ? undefined : village.at(1)]
    await village.run(holder.dht.create('lease', bytesOf('mine'), HOUR))
    await village.run(holder.dht.create('lease', bytesOf('still mine'), HOUR))
    expect(await village.read(village.at(2), 'lease')).toEqual(['still mine'])
    if (!other) return
    const error = await failure(village.run(other.dht.create('lease', bytesOf('his'), HOUR)))
    expect(error.code).toBe('DHT_ENTRY_EXISTS')
    expect(error.holder?.owner.equals(holder.identity.address)).toBe(true)
    expect(new TextDecoder().decode(error.holder?.value)).toBe('still mine')
  })

  it('lets another owner in after a release', async () => {
    const village = await Village.settled(size)
    await village.run(village.at(0).dht.create('lease', bytesOf('a'), HOUR))
    expect(await village.run(village.at(0).dht.release('lease'))).toBe(true)
    expect(await village.read(village.at(1), 'lease')).toEqual([])
    await village.run(village.at(1).dht.create('lease', bytesOf('b'), HOUR))
    expect(await village.read(village.at(2), 'lease')).toEqual(['b'])
  })
})

async function failure(work: Promise<unknown>): Promise<DhtError> {
  const error = await work.then(
    () => new Error('it worked'),
    (caught: unknown) => caught,
  )
  if (!(error instanceof DhtError)) throw error
  return error
}

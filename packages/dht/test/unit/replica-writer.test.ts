/** What is written where no answer came. */
import { describe, expect, it } from '@jest/globals'
import type { Entry } from '../../src/entry/entry.ts'
import { PUT_LATER_MS } from '../../src/limits.ts'
import { Pauses } from '../../src/pauses.ts'
import { ReplicaWriter, type ReplicaWriterModules } from '../../src/client/replica-writer.ts'
import { entryOf } from '../helpers/entries.ts'
import { SeededRandom, VirtualTime } from '../helpers/virtual-time.ts'

describe('ReplicaWriter', () => {
  it('asks a position that did not answer once more, and no other', async () => {
    const { asked, time } = await written(entryOf())
    expect(asked).toHaveLength(8)
    await time.advance(2 * PUT_LATER_MS)
    expect(asked).toHaveLength(9)
    expect(asked[8]).toBe(asked[0])
    await time.advance(10 * PUT_LATER_MS)
    expect(asked).toHaveLength(9)
  })

  it('does not claim anything later', async () => {
    const { asked, time } = await written(
      entryOf({ isExclusive: true, isTentative: true, ttlSeconds: 60 }),
    )
    await time.advance(2 * PUT_LATER_MS)
    expect(asked).toHaveLength(8)
  })

  it('asks nobody once everything ends', async () => {
    const { asked, time, pauses } = await written(entryOf())
    pauses.close()
    await time.advance(2 * PUT_LATER_MS)
    expect(asked).toHaveLength(8)
  })
})

/** Writes `entry` where the first position never answers. */
async function written(entry: Entry) {
  const time = new VirtualTime()
  const pauses = new Pauses({ timers: time, clock: time })
  const asked: string[] = []
  const peer: Pick<ReplicaWriterModules['peer'], 'put'> = {
    put: async ({ address }) => {
      asked.push(address.key)
      if (address.key === asked[0]) throw new Error('no answer')
      return { kind: 'stored' }
    },
  }
  const modules = { peer, pauses, random: new SeededRandom(1), log: { write: () => undefined } }
  const writer = new ReplicaWriter(modules as unknown as ReplicaWriterModules)
  const tally = writer.write(entry)
  await time.advance(PUT_LATER_MS / 4)
  expect((await tally).stored).toBe(7)
  return { asked, time, pauses }
}

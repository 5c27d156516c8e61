/** The seeded generator repeats, splits by label, and looks random. */
import { describe, expect, it } from '@jest/globals'
import { SeededRandom } from '../../src/index.ts'

describe('SeededRandom', () => {
  it('gives the same values for the same seed', () => {
    const [one, other] = [new SeededRandom(7), new SeededRandom(7)]
    expect(one.bytes(37)).toEqual(other.bytes(37))
    expect(one.float()).toBe(other.float())
  })

  it('keeps giving the values it gave when recorded seeds were written down', () => {
    const random = new SeededRandom(1)
    expect([random.uint32(), random.uint32(), random.fork('a').uint32()]).toEqual(RECORDED)
  })

  it('splits by label, independent of what was drawn and forked before', () => {
    const [fresh, used] = [new SeededRandom(7), new SeededRandom(7)]
    used.bytes(100)
    used.fork('other')
    expect(used.fork('label').bytes(16)).toEqual(fresh.fork('label').bytes(16))
  })

  it('gives another generator for another label, another depth, and the same label again', () => {
    const random = new SeededRandom(7)
    const values = [
      random.fork('a'),
      random.fork('b'),
      random.fork('a'),
      random.fork('a/1:b'),
      random.fork('a').fork('b'),
    ].map((fork) => fork.uint32())
    expect(new Set(values).size).toBe(values.length)
  })

  it('spreads evenly', () => {
    const random = new SeededRandom(3)
    const counts = new Array<number>(10).fill(0)
    for (let i = 0; i < 10_000; i++) counts[random.below(10)]!++
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150)
    const ones = random
      .bytes(10_000)
      .reduce((sum, byte) => sum + byte.toString(2).replace(/0/g, '').length, 0)
    expect(Math.abs(ones - 40_000)).toBeLessThan(1_000)
  })

  it('stays within its bounds', () => {
    const random = new SeededRandom(5)
    for (let i = 0; i < 1_000; i++) {
      const value = random.float()
      expect(value >= 0 && value < 1).toBe(true)
    }
    expect(random.below(1)).toBe(0)
    expect(random.bytes(0)).toHaveLength(0)
  })
})

const RECORDED = [805_034_999, 2_790_125_652, 572_352_210]

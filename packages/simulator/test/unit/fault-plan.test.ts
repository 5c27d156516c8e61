/** Fault plans are data that follow from palette and seed. */
import { describe, expect, it } from '@jest/globals'
import { CALM_PALETTE, drawFaultPlan, SeededRandom } from '../../src/index.ts'
import type { FaultPalette } from '../../src/index.ts'

const extent = { nodes: 10, fromMs: 1_000, durationMs: 60_000 }

const palette: FaultPalette = {
  ...CALM_PALETTE,
  latencies: ['constant', 'king', 'heavy tail'],
  lossProbability: [0.1, 0.3],
  nats: { easy: [0, 0.5] },
  eventsPerNodeMinute: { crash: 2, partition: 1 },
}

describe('a fault plan', () => {
  it('is equal for equal seeds and different for others', () => {
    const draw = (seed: number) => drawFaultPlan(palette, extent, new SeededRandom(seed))
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
  })

  it('stays within the palette and the extent, in order of time', () => {
    for (let seed = 0; seed < 50; seed++) {
      const { conditions, faults } = drawFaultPlan(palette, extent, new SeededRandom(seed))
      expect(conditions.lossProbability).toBeGreaterThanOrEqual(0.1)
      expect(conditions.lossProbability).toBeLessThanOrEqual(0.3)
      const times = faults.map((fault) => fault.atMs)
      expect(times).toEqual([...times].sort((a, b) => a - b))
      expect(times.every((at) => at >= 1_000 && at < 61_000)).toBe(true)
      expect(faults.every(({ kind }) => kind === 'crash' || kind === 'partition')).toBe(true)
    }
  })

  it('has about as many events as the palette says', () => {
    const count = (seed: number) =>
      drawFaultPlan(palette, extent, new SeededRandom(seed)).faults.length
    const total = Array.from({ length: 100 }, (_, seed) => count(seed)).reduce((a, b) => a + b)
    expect(total / 100).toBeGreaterThan(25)
    expect(total / 100).toBeLessThan(35)
  })

  it('leaves kinds out by chance where presence is below one', () => {
    const seldom = { ...palette, presence: 0.5 }
    const kinds = Array.from({ length: 40 }, (_, seed) => {
      const { faults } = drawFaultPlan(seldom, extent, new SeededRandom(seed))
      return [...new Set(faults.map(({ kind }) => kind))].sort().join()
    })
    expect(new Set(kinds)).toEqual(new Set(['', 'crash', 'partition', 'crash,partition']))
  })

  it('of a calm palette has nothing in it', () => {
    const plan = drawFaultPlan(CALM_PALETTE, extent, new SeededRandom(1))
    expect(plan.faults).toEqual([])
    expect(plan.conditions).toMatchObject({ lossProbability: 0, nats: {} })
  })
})

/** The replay window against a model that keeps every counter. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ReplayWindow } from '../../src/data/replay-window.ts'
import { COUNTER_MAX, REPLAY_WINDOW_MESSAGES } from '../../src/limits.ts'

describe('ReplayWindow', () => {
  it('accepts exactly what the model accepts', () => {
    const jump = fc.oneof(
      fc.integer({ min: -20, max: 20 }),
      fc.integer({ min: -REPLAY_WINDOW_MESSAGES - 40, max: 40 }),
      fc.constantFrom(31, 32, 33, 8_191, 8_192, 8_193, 8_223, 8_224, 8_225, 100_000, 2 ** 33),
      fc.constantFrom(-8_190, -8_191, -8_192, -8_193),
    )
    fc.assert(
      fc.property(fc.array(jump, { maxLength: 300 }), (jumps) => {
        expect(firstDisagreement(jumps)).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })

  it('never accepts a counter twice in a long shuffled run', () => {
    const window = new ReplayWindow()
    let accepted = 0
    for (let base = 0; base < 50_000; base += 100) {
      for (let i = 99; i >= 0; i--) {
        for (let again = 0; again < 2; again++) {
          if (!window.isNew(base + i)) continue
          window.accept(base + i)
          accepted += 1
        }
      }
    }
    expect(accepted).toBe(50_000)
  })

  it('refuses counters beyond the largest exact number', () => {
    const window = new ReplayWindow()
    expect(window.isNew(COUNTER_MAX)).toBe(true)
    expect(window.isNew(2 ** 60)).toBe(false)
  })
})

function firstDisagreement(jumps: readonly number[]): number | undefined {
  const window = new ReplayWindow()
  const seen = new Set<number>()
  let highest = -1
  for (const jump of jumps) {
    const counter = Math.max(0, highest + jump)
    const isNew = !seen.has(counter) && counter > highest - REPLAY_WINDOW_MESSAGES
    if (window.isNew(counter) !== isNew) return counter
    if (!isNew) continue
    window.accept(counter)
    seen.add(counter)
    highest = Math.max(highest, counter)
  }
  return undefined
}

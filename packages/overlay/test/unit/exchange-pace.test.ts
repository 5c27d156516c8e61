/** When neighbours are asked although there is no news for them. */
import { describe, expect, it } from '@jest/globals'
import { INCOMPLETE_RETRY_MIN_MS, INCOMPLETE_RETRY_MS } from '../../src/limits.ts'
import { EXCHANGE_IDLE_MS } from '../../src/topology/limits.ts'
import { ExchangePace } from '../../src/topology/exchange-pace.ts'

describe('the pace of exchanges', () => {
  it('begins with short pauses, which double to that of a ring in repair', () => {
    const pace = new ExchangePace()
    pace.start(0)
    const asked: [number, string][] = []
    for (let now = 0; now <= 4_000; now += 50) {
      const due = pace.take(false, now)
      if (due !== 'nothing') asked.push([now, due])
    }
    expect(asked).toEqual([
      [INCOMPLETE_RETRY_MIN_MS, 'neighbors'],
      [3 * INCOMPLETE_RETRY_MIN_MS, 'neighbors'],
      [3 * INCOMPLETE_RETRY_MIN_MS + INCOMPLETE_RETRY_MS, 'everything'],
      [3 * INCOMPLETE_RETRY_MIN_MS + 2 * INCOMPLETE_RETRY_MS, 'everything'],
      [3 * INCOMPLETE_RETRY_MIN_MS + 3 * INCOMPLETE_RETRY_MS, 'everything'],
    ])
  })

  it('is slow in a complete ring, and quick again once that breaks', () => {
    const pace = new ExchangePace()
    pace.start(0)
    expect(pace.take(true, EXCHANGE_IDLE_MS - 1)).toBe('nothing')
    expect(pace.take(true, EXCHANGE_IDLE_MS)).toBe('neighbors')
    expect(pace.take(false, EXCHANGE_IDLE_MS + INCOMPLETE_RETRY_MIN_MS)).toBe('neighbors')
  })
})

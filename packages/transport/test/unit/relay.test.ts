/** Parts of relaying by themselves: budgets of bytes, and the caps of its tables. */
import { Address } from '@ipop/address'
import { SeededRandom } from '@ipop/simulator'
import { describe, expect, it } from '@jest/globals'
import { IndexTable } from '@ipop/transport'
import {
  RELAY_EARLY_LOSS_BURST_MIN,
  RELAY_EARLY_LOSS_MAX,
  RELAY_PAIRS_MAX,
  RELAY_PAIRS_PER_PEER_MAX,
} from '../../src/relay/limits.ts'
import { RelayPairs } from '../../src/relay/relay-pairs.ts'
import { TokenBucket } from '../../src/relay/token-bucket.ts'

const RATE = { bytesPerSecond: 1_000, burstBytes: 2_000 }

describe('a token bucket', () => {
  it('gives its burst at once, then its rate, and saves no more than the burst', () => {
    const bucket = new TokenBucket(RATE, 0)
    const take = (bytes: number, now: number) => {
      const isEnough = bucket.has(bytes, now)
      if (isEnough) bucket.take(bytes)
      return isEnough
    }
    expect([take(2_000, 0), take(1, 0)]).toEqual([true, false])
    expect([take(501, 500), take(500, 500), take(1, 500)]).toEqual([false, true, false])
    expect([take(2_001, 1e6), take(2_000, 1e6)]).toEqual([false, true])
  })

  it('takes nothing for a clock that stands still or goes back', () => {
    const bucket = new TokenBucket(RATE, 1_000)
    bucket.take(2_000)
    expect([bucket.has(1, 1_000), bucket.has(1, 0), bucket.has(1, 0)]).toEqual([
      false,
      false,
      false,
    ])
  })
})

describe('an emptying token bucket', () => {
  const lossesOf = (bucket: TokenBucket) =>
    Array.from({ length: 10_000 }, () => bucket.losesEarly()).filter(Boolean).length

  it('loses single frames once half is gone, the emptier the more', () => {
    const bucket = new TokenBucket({ bytesPerSecond: 0, burstBytes: RELAY_EARLY_LOSS_BURST_MIN }, 0)
    const losses = [2, 4, 4].map((part) => {
      bucket.take(RELAY_EARLY_LOSS_BURST_MIN / part)
      return lossesOf(bucket)
    })
    expect(losses).toEqual([0, 5_000 * RELAY_EARLY_LOSS_MAX, 10_000 * RELAY_EARLY_LOSS_MAX])
  })

  it('gives no warning where nobody could heed it in time', () => {
    const bucket = new TokenBucket(RATE, 0)
    bucket.take(RATE.burstBytes)
    expect(lossesOf(bucket)).toBe(0)
  })
})

describe('the table of relayed pairs', () => {
  const random = new SeededRandom(1)
  const address = () => Address.random(random)
  const make = () => {
    const indexes = new IndexTable({ random })
    return { indexes, pairs: new RelayPairs({ indexes: indexes.allocatorFor({}) }, RATE) }
  }

  it('finds a pair by its ends in either order, and its sides by their channels', () => {
    const { pairs, indexes } = make()
    const [one, two] = [address(), address()]
    const pair = pairs.add(one, two, 0)
    expect(pairs.get(two, one)).toBe(pair)
    expect(pair?.sides.map(({ channel }) => pairs.side(channel)?.peer)).toEqual([one, two])
    expect(indexes.size).toBe(2)
    expect(pair && [pairs.remove(pair), pairs.remove(pair)]).toEqual([true, false])
    expect([indexes.size, pairs.size]).toEqual([0, 0])
  })

  it('has room for so many pairs of one peer', () => {
    const { pairs } = make()
    const peer = address()
    for (let i = 0; i < RELAY_PAIRS_PER_PEER_MAX; i++)
      expect(pairs.add(i % 2 ? peer : address(), i % 2 ? address() : peer, 0)).toBeDefined()
    expect(pairs.add(peer, address(), 0)).toBeUndefined()
    expect(pairs.add(address(), peer, 0)).toBeUndefined()
    expect(pairs.add(address(), address(), 0)).toBeDefined()
  })

  it('has room for so many pairs in all', () => {
    const { pairs } = make()
    for (let i = 0; i < RELAY_PAIRS_MAX; i++)
      expect(pairs.add(address(), address(), 0)).toBeDefined()
    expect(pairs.add(address(), address(), 0)).toBeUndefined()
  })
})

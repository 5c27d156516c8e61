/** Doubt about first hops: it takes several lost calls, ends with an answer or by itself, and has a cap. */
import { Address } from '@ipop/address'
import { SeededRandom } from '@ipop/simulator'
import { describe, expect, it } from '@jest/globals'
import { CONNECTIONS_MAX, HOP_DISTRUST_FAILURES, HOP_DISTRUSTED_MS } from '../../src/limits.ts'
import { HopTrust } from '../../src/routing/hop-trust.ts'

const random = new SeededRandom('hop trust')
const hop = Address.random(random)

describe('HopTrust', () => {
  it('doubts a neighbour that lost several calls in a row', () => {
    const trust = new HopTrust()
    for (let lost = 1; lost < HOP_DISTRUST_FAILURES; lost++) trust.lost(hop, 0)
    expect(trust.isDoubtful(hop, 0)).toBe(false)
    trust.lost(hop, 0)
    expect(trust.isDoubtful(hop, 0)).toBe(true)
  })

  it('forgets it with an answer', () => {
    const trust = doubted()
    trust.answered(hop)
    expect(trust.isDoubtful(hop, 0)).toBe(false)
  })

  it('forgets it after a while', () => {
    const trust = doubted()
    expect(trust.isDoubtful(hop, HOP_DISTRUSTED_MS - 1)).toBe(true)
    expect(trust.isDoubtful(hop, HOP_DISTRUSTED_MS)).toBe(false)
  })

  it('remembers no more than its cap', () => {
    const trust = new HopTrust()
    for (let count = 0; count < 2 * CONNECTIONS_MAX; count++) trust.lost(Address.random(random), 0)
    expect(trust.size).toBeLessThanOrEqual(CONNECTIONS_MAX)
  })
})

function doubted(): HopTrust {
  const trust = new HopTrust()
  for (let lost = 0; lost < HOP_DISTRUST_FAILURES; lost++) trust.lost(hop, 0)
  return trust
}

/** What a hop costs: its own round trip, and the rest of the way. */
import { Address } from '@ipop/address'
import { describe, expect, it } from '@jest/globals'
import { HOPS_PER_OCTAVE, REQUEST_TIMEOUT_MAX_MS, SHORTCUT_MIN_RING } from '../../src/limits.ts'
import { hopCosts } from '../../src/routing/hop-cost.ts'

const RING = 256

describe('hopCosts', () => {
  it('adds to the round trip what each halving of the remaining distance costs', () => {
    const [slow, quick] = [hop(10, 300), hop(16, 100)]
    const costOf = costs([slow, quick])
    expect(costOf(slow)).toBeCloseTo(300 + HOPS_PER_OCTAVE * 200 * Math.log2(1 + 10))
    expect(costOf(quick)).toBeCloseTo(100 + HOPS_PER_OCTAVE * 200 * Math.log2(1 + 16))
  })

  it('takes the mean for a neighbour that was not measured, on either side of the destination', () => {
    const [known, unknown] = [hop(4, 80), hop(-4, undefined)]
    const costOf = costs([known, unknown])
    expect(costOf(unknown)).toBeCloseTo(costOf(known))
  })

  it('adds what a loss costs for a neighbour that misses probes', () => {
    const [sound, suspect] = [hop(4, 80), { ...hop(4, 80), isSuspect: true }]
    const costOf = costs([sound, suspect])
    expect(costOf(suspect) - costOf(sound)).toBeCloseTo(REQUEST_TIMEOUT_MAX_MS)
  })

  it('says nothing in a small ring, or where nothing was measured', () => {
    const destination = at(0)
    expect(hopCosts([hop(1, 10)], destination, SHORTCUT_MIN_RING)).toBeUndefined()
    expect(hopCosts([hop(1, undefined)], destination, RING)).toBeUndefined()
    expect(hopCosts([], destination, RING)).toBeUndefined()
  })
})

function costs(hops: readonly ReturnType<typeof hop>[]) {
  const costOf = hopCosts(hops, at(0), RING)
  if (costOf === undefined) throw new Error('no costs')
  return costOf
}

/** A neighbour so many nodes from the destination. */
function hop(nodes: number, rttMs: number | undefined) {
  return { address: at(nodes), rttMs }
}

function at(nodes: number): Address {
  const bytes = new Uint8Array(20)
  bytes[0] = ((nodes % RING) + RING) % RING
  return Address.fromBytes(bytes)
}

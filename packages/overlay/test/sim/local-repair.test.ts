/** Calls over nodes that are gone, before anybody has missed them. */
import { describe, expect, it } from '@jest/globals'
import { REPAIR_SILENCE_MS } from '../../src/limits.ts'
import { ringOf } from '../helpers/ring-world.ts'

describe('a call over a node that crashed', () => {
  it('takes another way from the hop before it, at the first attempt', async () => {
    const ring = await ringOf({ seed: 1, nodes: 40, hints: 3, latencyMs: 20 })
    await ring.untilConsistent()
    await ring.world.run({ forMs: 40_000 })
    for (const index of [30, 20, 10]) ring.crash(ring.members[index]!)
    await ring.world.run({ forMs: REPAIR_SILENCE_MS })
    const answers = ring.members.flatMap(({ node: asker }) =>
      ring.members.map(async ({ node: { address } }) => {
        if (address.equals(asker.address)) return true
        // Shorter than any resend: the asker has no round trip to go by.
        const call = asker.call(address, 'ring.ping', null, { timeoutMs: 900 })
        return call.then(
          () => true,
          () => false,
        )
      }),
    )
    const isAnswered = await ring.world.settle(Promise.all(answers))
    expect(isAnswered.filter((each) => !each)).toHaveLength(0)
    const repaired = ring.members.map(({ node }) => node.forwarderStats.repaired)
    expect(repaired.reduce((a, b) => a + b)).toBeGreaterThan(10)
  })
})

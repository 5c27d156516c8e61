/** Two hundred seeds of mixed faults break nothing, and each can be repeated. */
import { describe, expect, it } from '@jest/globals'
import { bundleSimulator } from '../../../../tools/plants/bundle.mjs'
import { TEST_SEEDS } from '../../../../tools/seeds/plan.mjs'
import { playSeeds, repeatSample } from '../../../../tools/seeds/play-seeds.mjs'

describe('mixed faults', () => {
  it.each(TEST_SEEDS)(
    'break nothing in $count seeds of $argv',
    async ({ argv, count }) => {
      const program = await bundleSimulator({ isNull: true })
      const reports = await playSeeds(program, argv, { first: 1, last: count })
      const failed = reports.filter(({ ok }) => !ok).map(({ seed, problems }) => [seed, problems])
      expect(failed).toEqual([])
    },
    600_000,
  )

  it('leave the same trace in another process, whatever was played there before', async () => {
    const program = await bundleSimulator({ isNull: true })
    const argv = ['--scenario', 'mixed', '--nodes', '4', '--duration', '5']
    for (const last of [100, 200]) {
      const reports = await playSeeds(program, argv, { first: last - 2, last })
      expect(new Set(reports.map(({ traceHash }) => traceHash)).size).toBe(3)
      expect(await repeatSample(program, argv, reports)).toEqual({ played: 1, differing: [] })
    }
  }, 240_000)
})

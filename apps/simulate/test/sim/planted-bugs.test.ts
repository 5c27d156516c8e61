/** Checkers find the bugs they were made for, and nothing where there is none. */
import { describe, expect, it } from '@jest/globals'
import { bundleSimulator } from '../../../../tools/plants/bundle.mjs'
import { PLANTS, SEEK_DEFAULT } from '../../../../tools/plants/plants.mjs'
import { playSeeds } from '../../../../tools/seeds/play-seeds.mjs'

describe('a planted bug', () => {
  it.each([
    ['own-word-is-enough', 6, 'I6'],
    ['broken-pair-evicts', 1, 'I10'],
    ['lost-at-first-miss', 1, 'I11'],
    ['no-hand-over', 2, 'I12'],
  ])(
    '%s shows at seed %i as a violation of %s',
    async (plant, seed, invariant) => {
      const seek = PLANTS.find(({ name }) => name === plant)?.seek ?? SEEK_DEFAULT
      const sizes = ['--nodes', String(seek.nodes), '--duration', String(seek.duration)]
      const argv = ['--scenario', seek.scenario, ...sizes]
      const problemsOf = async (name?: string): Promise<readonly string[]> => {
        const program = await bundleSimulator({ ...(name && { plant: name }), isNull: true })
        const [report] = await playSeeds(program, argv, { first: seed, last: seed })
        return report?.problems ?? []
      }
      expect((await problemsOf(plant))[0]).toMatch(new RegExp(`^${invariant}: `))
      expect(await problemsOf()).toEqual([])
    },
    120_000,
  )
})

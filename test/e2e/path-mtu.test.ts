/** Two machines over routers that keep silent about a narrow link: TCP in the virtual network passes, uncut. */
import { afterEach, describe, expect, it } from '@jest/globals'
import { Lab } from '../../tools/lab/namespaces.mjs'
import { copyAcross, pathLabUp, peerOver, startMachines } from '../../tools/lab/path-mtu.mjs'
import { until } from '../../tools/lab/tutorial.mjs'
import { whyNoTunnels } from './why-not.ts'

const COPY_BYTES = 5_000_000

const reason = whyNoTunnels()
if (reason) console.warn(`The tests of narrow paths are skipped: ${reason}.`)
const describeIfPossible = reason ? describe.skip : describe

describeIfPossible('a path of 1,280 bytes that nobody tells of', () => {
  let lab: Lab | undefined
  afterEach(() => lab?.down(), 30_000)

  it.each([
    { family: 4 as const, way: 'udp' as const, expected: 1_252 },
    { family: 6 as const, way: 'udp' as const, expected: 1_232 },
    { family: 6 as const, way: 'relay' as const, expected: 1_227 },
  ])(
    'is found out, and carries TCP whole (IPv$family, $way)',
    async ({ family, way, expected }) => {
      const isRelayed = way === 'relay'
      lab = new Lab({ prefix: 'narrow-' })
      pathLabUp(lab, { mtu: 1_280, family, isRelayed })
      await startMachines(lab, { family, isRelayed })
      for (const host of ['alice', 'bob'] as const)
        await until(
          'the size',
          () => lab && peerOver(lab, host, way)?.datagramBytesMax === expected,
          30_000,
        )
      const { isIntact, counters, cut } = await copyAcross(lab, { bytes: COPY_BYTES, port: 9_000 })
      expect(isIntact).toBe(true)
      expect(counters['sealed']).toBeGreaterThan(COPY_BYTES / 1_280)
      expect(cut).toBe(0)
    },
    150_000,
  )
})

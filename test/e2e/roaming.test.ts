/** A machine changes its address under a TCP copy over the virtual network, in both directions. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Lab } from '../../tools/lab/namespaces.mjs'
import { copyWhileMoving, pathToBob, roamLabUp } from '../../tools/lab/roam.mjs'

const COPY_BYTES = 50_000_000

const reason = whyNot()
if (reason) console.warn(`The roaming tests are skipped: ${reason}.`)
const describeIfPossible = reason ? describe.skip : describe

describeIfPossible('a machine that moves', () => {
  const lab = new Lab({ prefix: 'roams-' })

  beforeAll(() => roamLabUp(lab), 120_000)

  afterAll(() => lab.down(), 30_000)

  it.each(['alice', 'bob'] as const)(
    'keeps a copy that %s sends',
    async (from) => {
      const number = from === 'alice' ? 0 : 1
      const result = await copyWhileMoving(lab, { bytes: COPY_BYTES, number, from })
      expect(result.isIntact).toBe(true)
      expect(lab.log('alice', 'ipop-node')).toContain('network changed')
      expect(pathToBob(lab)).toContain('via udp')
    },
    90_000,
  )

  it('does not take its own interface for a change', () => {
    // One line for each of the two moves, or two where the old address was seen to go.
    const changes = lab.log('alice', 'ipop-node').match(/network changed/g) ?? []
    expect(changes.length).toBeLessThanOrEqual(4)
    expect(lab.log('bob', 'ipop-node')).not.toContain('network changed')
  })
})

function whyNot(): string | undefined {
  const addon = fileURLToPath(new URL('../../packages/napi-rs-tun/', import.meta.url))
  const build = fileURLToPath(new URL('../../apps/ipop-node/dist/ipop-node.js', import.meta.url))
  if (!readdirSync(addon).some((name) => name.endsWith('.node')))
    return 'the Rust addon is not built'
  if (!existsSync(build)) return 'the executables are not built (npm run build)'
  if (spawnSync('ping', ['-V']).error) return 'the `ping` command is missing (package iputils-ping)'
  return Lab.unavailable()
}

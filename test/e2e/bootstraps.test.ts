/** A ring whose bootstraps are all gone for good, and a member that comes back from its cache. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { LonelyRing, type LonelyNode } from '../../tools/lab/bootstraps.mjs'

const MEMBERS = 5

const isBuilt = existsSync(
  fileURLToPath(new URL('../../apps/ipop-node/dist/ipop-node.js', import.meta.url)),
)
if (!isBuilt) console.warn('The tests without bootstraps are skipped: nothing is built.')
const describeIfBuilt = isBuilt ? describe : describe.skip

describeIfBuilt('a ring without bootstraps', () => {
  const ring = new LonelyRing({ firstPort: 42_000 })

  beforeAll(async () => {
    await ring.start(MEMBERS)
    await ring.killBootstraps()
  }, 120_000)

  afterAll(() => ring.stop(), 30_000)

  it('goes on: every member still reaches every other', async () => {
    const { pairs, answered } = await ring.pingAll()
    expect(answered).toBe(pairs)
  }, 90_000)

  it('takes a member back that was stopped and has its cache', async () => {
    const [first] = ring.members as [LonelyNode]
    await ring.restart(first)
    expect(readFileSync(join(first.home, 'node.peers'), 'utf8')).toContain('ipop-peers-1')
    const { pairs, answered } = await ring.pingAll()
    expect(answered).toBe(pairs)
  }, 150_000)
})

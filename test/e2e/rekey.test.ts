/** One TCP connection lives through rekeys and a change of the receiver's endpoint. */
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Lab } from '../../tools/lab/namespaces.mjs'
import { copyAcrossRekeys, REKEY_SECONDS } from '../../tools/lab/rekey.mjs'
import { startTutorial, TUTORIAL } from '../../tools/lab/tutorial.mjs'
import { whyNoTunnels } from './why-not.ts'

/** `npm run lab:rekey` copies 10 GB across more of them. */
const BYTES = 300_000_000
const REKEYS = 3

const reason =
  whyNoTunnels() ?? (spawnSync('nft', ['--version']).error && 'the `nft` command is missing')
if (reason) console.warn(`The transfer across rekeys is skipped: ${reason}.`)
const describeIfPossible = reason ? describe.skip : describe

describeIfPossible('a transfer across rekeys', () => {
  const lab = new Lab({ prefix: 'keys-' })

  beforeAll(async () => {
    lab.up(TUTORIAL.hosts)
    const env = { IPOP_TEST_REKEY_SECONDS: String(REKEY_SECONDS) }
    await startTutorial(lab, ['alice', 'bob'], { env })
  }, 120_000)

  afterAll(() => lab.down(), 30_000)

  it('arrives intact though the endpoint changes in the middle', async () => {
    // On a busy machine the change costs the session, and some seconds until the new one counts.
    const seconds = (REKEYS + 5) * REKEY_SECONDS
    const result = await copyAcrossRekeys(lab, { bytes: BYTES, seconds })
    const { sent, received, remotes, rekeys } = result
    expect(sent).toMatch(/^[0-9a-f]{64}$/)
    expect(received).toBe(sent)
    expect(rekeys).toBeGreaterThanOrEqual(REKEYS)
    expect(remotes[1]).not.toBe(remotes[0])
  }, 120_000)
})

/** A live tunnel takes nothing that was recorded from it, spoilt or whole, and works on meanwhile. */
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { attack, copyUnderAttack, KINDS, openTunnel, type Tunnel } from '../../tools/lab/abuse.mjs'
import { Lab } from '../../tools/lab/namespaces.mjs'
import { startTutorial, TUTORIAL } from '../../tools/lab/tutorial.mjs'
import { whyNoTunnels } from './why-not.ts'

/** `npm run lab:abuse` sends a million of each. */
const DATAGRAMS = 30_000

const reason = whyNoTunnels() ?? missingProgram()
if (reason) console.warn(`The attack on a tunnel is skipped: ${reason}.`)
const describeIfPossible = reason ? describe.skip : describe

describeIfPossible('a live tunnel', () => {
  const lab = new Lab({ prefix: 'hostile-' })
  let tunnel: Tunnel

  beforeAll(async () => {
    lab.up(TUTORIAL.hosts)
    await startTutorial(lab)
    tunnel = await openTunnel(lab)
  }, 120_000)

  afterAll(() => lab.down(), 30_000)

  it.each(KINDS)(
    `refuses ${DATAGRAMS} datagrams that are %s, and counts each`,
    async (kind) => {
      expect((await attack(lab, tunnel, kind, DATAGRAMS)).problems).toEqual([])
    },
    60_000,
  )

  it('carries a copy intact meanwhile', async () => {
    expect(await copyUnderAttack(lab, tunnel, DATAGRAMS)).toEqual([])
  }, 60_000)
})

function missingProgram(): string | undefined {
  const missing = ['tcpdump', 'ethtool'].find((each) => spawnSync(each, ['--version']).error)
  return missing && `the \`${missing}\` command is missing`
}

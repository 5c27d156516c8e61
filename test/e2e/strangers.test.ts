/** A thousand strangers ask more than anybody answers: they get less than they send, and a tunnel works on meanwhile. */
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Lab } from '../../tools/lab/namespaces.mjs'
import { aimAt, flood, judgeAnswers, observe, type Target } from '../../tools/lab/strangers.mjs'
import { ping, startTutorial, TUTORIAL } from '../../tools/lab/tutorial.mjs'
import { whyNoTunnels } from './why-not.ts'

/** `npm run lab:flood` takes a minute, and measures throughput and memory. */
const SECONDS = 3

const reason = whyNoTunnels() ?? missingProgram()
if (reason) console.warn(`The flood is skipped: ${reason}.`)
const describeIfPossible = reason ? describe.skip : describe

describeIfPossible('a flood from a thousand sources', () => {
  const lab = new Lab({ prefix: 'strangers-' })
  let target: Target

  beforeAll(async () => {
    lab.up(TUTORIAL.hosts)
    await startTutorial(lab)
    target = await aimAt(lab, 'bob')
  }, 120_000)

  afterAll(() => lab.down(), 30_000)

  it('is answered with less than was sent, in packets and in bytes', async () => {
    const sent = await flood(lab, target, { seconds: SECONDS })
    const observed = observe(lab, target)
    expect(sent).toBeGreaterThan(10_000)
    expect(observed.asked.packets).toBe(sent)
    expect(observed.answered.packets).toBeGreaterThan(0)
    expect(judgeAnswers(observed)).toEqual([])
    expect(observed.refused).toBeGreaterThan(0)
  }, 60_000)

  it('leaves pings through the tunnel alone', async () => {
    const flooding = flood(lab, target, { seconds: SECONDS })
    const pings = lab.spawn(
      'alice',
      ['ping', '-n', '-c', '20', '-i', '0.1', TUTORIAL.virtual.bob],
      { name: 'ping-flood' },
    )
    await pings.exited
    await flooding
    expect(lab.log('alice', 'ping-flood')).toContain('20 received')
    expect(ping(lab, 'bob', TUTORIAL.virtual.alice).lossPercent).toBe(0)
  }, 60_000)
})

function missingProgram(): string | undefined {
  const missing = ['nft', 'python3'].find((each) => spawnSync(each, ['--version']).error)
  return missing && `the \`${missing}\` command is missing`
}

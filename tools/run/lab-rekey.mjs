/** A long transfer across rekeys and a change of endpoint: `npm run lab:rekey [-- --gigabytes 10 --seconds 45]`. */
import { Lab } from '../lab/namespaces.mjs'
import { readOptions } from '../lab/options.mjs'
import { copyAcrossRekeys, REKEY_SECONDS } from '../lab/rekey.mjs'
import { startTutorial, TUTORIAL } from '../lab/tutorial.mjs'
import { ensure } from './ensure.mjs'

const REKEYS_MIN = 5

const { gigabytes, seconds } = readOptions({
  gigabytes: 10,
  seconds: (REKEYS_MIN + 3) * REKEY_SECONDS,
})
ensure({ native: true, dist: !process.env.IPOP_LAB_AS_BUILT })
const reason = Lab.unavailable()
if (reason) {
  console.log(`The transfer across rekeys is skipped: ${reason}.`)
  process.exit()
}
const bytes = 1e9 * gigabytes
const lab = new Lab({ prefix: 'rekey-' })
let problems = ['it did not come to an end']
try {
  lab.up(TUTORIAL.hosts)
  await startTutorial(lab, ['alice', 'bob'], {
    env: { IPOP_TEST_REKEY_SECONDS: String(REKEY_SECONDS) },
  })
  const result = await copyAcrossRekeys(lab, { bytes, seconds, say: console.log })
  problems = judge(result)
} catch (error) {
  problems = [error.message]
} finally {
  lab.down()
}
for (const problem of problems) console.error(`Failed: ${problem}`)
process.exit(problems.length > 0 ? 1 : 0)

function judge({ sent, received, tookSeconds, remotes, rekeys, sessions }) {
  console.log(`sent     ${sent}\nreceived ${received}`)
  console.log(`${bytes} bytes in ${tookSeconds.toFixed(0)} s by one TCP connection`)
  console.log(`rekeys: ${rekeys}; sessions: ${sessions}; endpoint: ${remotes.join(', then ')}`)
  const found = []
  if (!/^[0-9a-f]{64}$/.test(sent) || sent !== received) found.push('the checksums differ')
  if (rekeys < REKEYS_MIN) found.push(`fewer than ${REKEYS_MIN} rekeys`)
  if (remotes[0] === remotes[1]) found.push('the endpoint did not change')
  if (sessions > 1) found.push('the session was given up and made anew: was the machine busy?')
  return found
}

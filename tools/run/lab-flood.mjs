/** Hellos and handshakes from a thousand spoofed sources: `npm run lab:flood [-- --seconds 60 --slot 5 --targets bob,pam]`. */
import { Lab } from '../lab/namespaces.mjs'
import { choices, readOptions } from '../lab/options.mjs'
import { aimAt, compare, startReceiver } from '../lab/strangers.mjs'
import { startTutorial, TUTORIAL } from '../lab/tutorial.mjs'
import { ensure } from './ensure.mjs'
import { exists } from './steps.mjs'

const NEEDED = ['nft', 'iperf3', 'python3']

const options = readOptions({ seconds: 60, slot: 5, targets: 'bob' })
const { seconds, slot: slotSeconds } = options
const targets = choices('targets', options.targets, Object.keys(TUTORIAL.hosts))
ensure({ native: true, dist: !process.env.IPOP_LAB_AS_BUILT })
const missing = NEEDED.find((each) => !exists(each))
const reason = Lab.unavailable() ?? (missing && `${missing} is missing`)
if (reason) {
  console.log(`The flood is skipped: ${reason}.`)
  process.exit()
}
const problems = []
for (const host of targets) {
  const lab = new Lab({ prefix: 'flood-' })
  try {
    lab.up(TUTORIAL.hosts)
    await startTutorial(lab)
    await startReceiver(lab)
    const target = await aimAt(lab, host)
    const { problems: found, ...figures } = await compare(lab, target, { seconds, slotSeconds })
    tell(host, figures)
    problems.push(...found.map((problem) => `${host}: ${problem}`))
  } catch (error) {
    problems.push(`${host}: ${error.message}`)
  } finally {
    lab.down()
  }
}
for (const problem of problems) console.error(`Failed: ${problem}`)
process.exit(problems.length > 0 ? 1 : 0)

function tell(host, { asked, answered, refused, rates, share, memory }) {
  const gigabits = (rate) => (rate / 1e9).toFixed(2)
  const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(0)
  console.log(`${host}: in ${asked.packets} packets, ${asked.bytes} bytes`)
  console.log(
    `  out ${answered.packets} packets, ${answered.bytes} bytes; dropped early ${refused}`,
  )
  console.log(`  tunnel beside the flood ${rates.spared.map(gigabits).join(' ')} Gbit/s`)
  console.log(`  tunnel in the flood     ${rates.flooded.map(gigabits).join(' ')} Gbit/s`)
  console.log(`  share ${(100 * share).toFixed(1)} %, memory ${memory.map(megabytes).join(' ')} MB`)
}

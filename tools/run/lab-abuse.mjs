/** Replayed, spoilt and shortened datagrams at a live tunnel: `npm run lab:abuse [-- --datagrams 1000000]`. */
import { attack, copyUnderAttack, KINDS, openTunnel } from '../lab/abuse.mjs'
import { Lab } from '../lab/namespaces.mjs'
import { readOptions } from '../lab/options.mjs'
import { startTutorial, TUTORIAL } from '../lab/tutorial.mjs'
import { ensure } from './ensure.mjs'
import { exists } from './steps.mjs'

const { datagrams: count } = readOptions({ datagrams: 1_000_000 })
ensure({ native: true, dist: !process.env.IPOP_LAB_AS_BUILT })
const reason =
  Lab.unavailable() ?? ['tcpdump', 'ethtool'].find((each) => !exists(each))?.concat(' is missing')
if (reason) {
  console.log(`The attack on a tunnel is skipped: ${reason}.`)
  process.exit()
}
const lab = new Lab({ prefix: 'abuse-' })
const problems = []
try {
  lab.up(TUTORIAL.hosts)
  await startTutorial(lab)
  const tunnel = await openTunnel(lab)
  for (const kind of KINDS) {
    const { problems: found, ...numbers } = await attack(lab, tunnel, kind, count)
    console.log(
      Object.entries(numbers)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    )
    problems.push(...found.map((problem) => `${kind}: ${problem}`))
  }
  const found = await copyUnderAttack(lab, tunnel, Math.ceil(count / 10))
  problems.push(...found.map((problem) => `copy meanwhile: ${problem}`))
  console.log(found.length === 0 ? 'a copy meanwhile: checksum equal' : 'a copy meanwhile failed')
} catch (error) {
  problems.push(error.message)
} finally {
  lab.down()
}
for (const problem of problems) console.error(`Failed: ${problem}`)
process.exit(problems.length > 0 ? 1 : 0)

/** `ipop-node` start to the first answered ping, and how many of fifty joins keep their lease. */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import {
  app,
  configure,
  ping,
  startNode,
  TUTORIAL,
  until,
  virtualAddress,
} from '../tools/lab/tutorial.mjs'
import { benchOptions } from './lib/options.mjs'
import { Report } from './lib/report.mjs'
import { inTutorialLab } from './lib/tutorial-lab.mjs'

const options = benchOptions({ runs: 5, joins: 50 })
const report = new Report('joining')
await inTutorialLab({ prefix: 'join-', machines: ['bob'] }, async (lab) => {
  for (let run = 0; run < options.runs; run++) {
    const goals = { goal: 0.8, reference: 2.8 }
    report.add('start to first ping reply', 's', await joinOnce(lab), goals)
  }
  const { joins } = options
  let lost = 0
  for (let join = 0; join < joins; join++) lost += (await keepsLease(lab)) ? 0 : 1
  report.add(`joins of ${joins} that lost their lease`, 'joins', lost, {
    goal: 0,
    reference: joins / 3,
  })
})
report.finish(options.json)

/** Alice joins with new keys each time and pings Bob without pause. */
async function joinOnce(lab) {
  // Bob asks who has Alice's address at most once in five seconds; a new Alice every second is not what is measured.
  await new Promise((resolve) => setTimeout(resolve, 6_000))
  fresh(lab, 'alice', TUTORIAL.virtual.alice)
  const pinger = spawn('ip', [
    ...['netns', 'exec', lab.namespace('alice'), 'sh', '-c'],
    `until ping -n -c1 -W0.2 ${TUTORIAL.virtual.bob} >/dev/null 2>&1; do sleep 0.005; done`,
  ])
  const answered = new Promise((resolve) => pinger.once('exit', resolve))
  const startedAt = performance.now()
  const node = startNode(lab, 'alice')
  await answered
  const seconds = (performance.now() - startedAt) / 1000
  await lab.stop(node)
  return seconds
}

/** Carol takes a lease with new keys; it is kept if the ring knows it as hers and Bob reaches her. */
async function keepsLease(lab) {
  fresh(lab, 'carol')
  const node = startNode(lab, 'carol')
  const address = await until("Carol's lease", () => virtualAddress(lab, 'carol')).catch(
    () => undefined,
  )
  const config = fs.readFileSync(path.join(lab.home('carol'), 'node.config'), 'utf8')
  const own = /<NodeAddress>(.*)<\/NodeAddress>/.exec(config)?.[1]
  const key = `dhcp:${TUTORIAL.namespace}:${address}`
  const holder = lab.run('bob', [...app('crawler', 'bget'), key]).stdout.trim()
  const { received } = ping(lab, 'bob', String(address), { count: 3 })
  await lab.stop(node)
  if (holder === own && received > 0) return true
  console.log(
    `lost: address ${address}, held by ${holder || 'nobody'}, node ${own}, ${received} of 3 pings`,
  )
  return false
}

function fresh(lab, host, address) {
  for (const name of fs.readdirSync(lab.home(host)))
    fs.rmSync(path.join(lab.home(host), name), { recursive: true })
  configure(lab, host, address)
}

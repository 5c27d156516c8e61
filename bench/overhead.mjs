/** What the virtual network adds to a ping over the raw link. */
import { ping, TUTORIAL, until } from '../tools/lab/tutorial.mjs'
import { benchOptions } from './lib/options.mjs'
import { Report } from './lib/report.mjs'
import { inTutorialLab } from './lib/tutorial-lab.mjs'

const PINGS = { count: 200, intervalSeconds: 0.005 }
const options = benchOptions({ runs: 5 })
const report = new Report('ping overhead')
await inTutorialLab({ prefix: 'over-', machines: ['alice', 'bob'] }, async (lab) => {
  const outside = TUTORIAL.hosts.bob.split('/')[0]
  const inside = TUTORIAL.virtual.bob
  await until('a ping', () => ping(lab, 'alice', inside, { count: 1 }).received === 1)
  for (let run = 0; run < options.runs; run++) {
    const rawMs = ping(lab, 'alice', outside, PINGS).medianMs
    const insideMs = ping(lab, 'alice', inside, PINGS).medianMs
    report.add('round trip, raw link', 'ms', rawMs)
    report.add('round trip, virtual network', 'ms', insideMs)
    report.add('added by the virtual network', 'ms', insideMs - rawMs, {
      goal: 0.3,
      reference: 0.7,
    })
  }
})
report.finish(options.json)

/** What the virtual network adds to a ping over the raw link. */
import { Lab } from '../tools/lab/namespaces.mjs'
import {
  configure,
  consistentCrawl,
  ping,
  startNode,
  startPam,
  TUTORIAL,
  until,
  virtualAddress,
} from '../tools/lab/tutorial.mjs'
import { numberOption } from './lib/options.mjs'
import { Report } from './lib/report.mjs'

const reason = Lab.unavailable()
if (reason) throw new Error(`this benchmark needs namespaces: ${reason}`)

const report = new Report('ping overhead')
const lab = new Lab({ prefix: 'over-' })
try {
  lab.up(TUTORIAL.hosts)
  startPam(lab)
  await consistentCrawl(lab, 'pam', TUTORIAL.nodes)
  for (const host of ['alice', 'bob']) {
    configure(lab, host)
    startNode(lab, host)
    await until(host, () => virtualAddress(lab, host))
  }
  const bob = TUTORIAL.hosts.bob.split('/')[0]
  await until('a ping', () => ping(lab, 'alice', TUTORIAL.virtual.bob, { count: 1 }).received === 1)
  for (let run = 0; run < numberOption('runs', 5); run++) {
    const raw = ping(lab, 'alice', bob, { count: 200, intervalSeconds: 0.005 }).medianMs
    const inside = ping(lab, 'alice', TUTORIAL.virtual.bob, {
      count: 200,
      intervalSeconds: 0.005,
    }).medianMs
    report.add('round trip, raw link', 'ms', raw)
    report.add('round trip, virtual network', 'ms', inside)
    report.add('added by the virtual network', 'ms', inside - raw, { goal: 0.3, reference: 0.7 })
  }
} finally {
  lab.down()
}
report.finish()

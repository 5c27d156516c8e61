/** DHT get and put through XML-RPC, on eighteen nodes: sixteen of Pam and two more machines. */
import { Lab } from '../tools/lab/namespaces.mjs'
import {
  configure,
  consistentCrawl,
  startNode,
  startPam,
  TUTORIAL,
} from '../tools/lab/tutorial.mjs'
import { ROOT } from '../tools/run/steps.mjs'
import { numberOption } from './lib/options.mjs'
import { Report } from './lib/report.mjs'

const reason = Lab.unavailable()
if (reason) throw new Error(`this benchmark needs namespaces: ${reason}`)

const report = new Report('DHT through XML-RPC')
const lab = new Lab({ prefix: 'dht-' })
try {
  lab.up(TUTORIAL.hosts)
  startPam(lab)
  await consistentCrawl(lab, 'pam', TUTORIAL.nodes)
  for (const host of ['alice', 'bob']) {
    configure(lab, host)
    startNode(lab, host)
  }
  await consistentCrawl(lab, 'alice', TUTORIAL.nodes + 2)
  for (let run = 0; run < numberOption('runs', 5); run++) {
    const { stdout, stderr } = lab.run('alice', [
      process.execPath,
      `${ROOT}/bench/lib/dht-client.mjs`,
      '200',
    ])
    if (!stdout) throw new Error(stderr)
    const { putMs, getMs } = JSON.parse(stdout)
    report.add('get, median of 200', 'ms', getMs, { goal: 2, reference: 4 })
    report.add('put, median of 200', 'ms', putMs, { goal: 3, reference: 4.8 })
  }
} finally {
  lab.down()
}
report.finish()

/** DHT get and put through XML-RPC, on eighteen nodes: sixteen of Pam and two more machines. */
import { consistentCrawl, TUTORIAL } from '../tools/lab/tutorial.mjs'
import { ROOT } from '../tools/run/steps.mjs'
import { benchOptions } from './lib/options.mjs'
import { Report } from './lib/report.mjs'
import { inTutorialLab } from './lib/tutorial-lab.mjs'

const options = benchOptions({ runs: 5 })
const machines = ['alice', 'bob']
const report = new Report('DHT through XML-RPC')
await inTutorialLab({ prefix: 'dht-', machines }, async (lab) => {
  await consistentCrawl(lab, 'alice', TUTORIAL.nodes + machines.length)
  const client = [process.execPath, `${ROOT}/bench/lib/dht-client.mjs`, '200']
  for (let run = 0; run < options.runs; run++) {
    const { stdout, stderr } = lab.run('alice', client)
    if (!stdout) throw new Error(stderr)
    const { putMs, getMs } = JSON.parse(stdout)
    report.add('get, median of 200', 'ms', getMs, { goal: 2, reference: 4 })
    report.add('put, median of 200', 'ms', putMs, { goal: 3, reference: 4.8 })
  }
})
report.finish(options.json)

/** What an idle ring costs: memory of sixteen nodes in one process, memory per added node, CPU, and traffic per node. */
import { startBootstrap, untilConsistent } from './lib/bootstrap.mjs'
import { benchOptions } from './lib/options.mjs'
import { Report } from './lib/report.mjs'
import { inTutorialLab } from './lib/tutorial-lab.mjs'
import { cpuSeconds, residentMb } from './lib/watch.mjs'
import { Lab } from '../tools/lab/namespaces.mjs'
import { consistentCrawl, TUTORIAL } from '../tools/lab/tutorial.mjs'

const options = benchOptions({ runs: 5, 'settle-seconds': 60, 'watch-seconds': 60 })
const SETTLE_MS = 1000 * options['settle-seconds']
const WATCH_MS = 1000 * options['watch-seconds']
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const report = new Report('idle')

for (let run = 0; run < options.runs; run++) {
  const one = await measure(1)
  const sixteen = await measure(16)
  report.add('memory of 16 nodes', 'MB', sixteen.memoryMb, { goal: 90, reference: 70 })
  report.add('memory per added node', 'MB', (sixteen.memoryMb - one.memoryMb) / 15)
  report.add('CPU of 16 idle nodes', '% of a core', sixteen.cpuPercent, { goal: 1, reference: 1 })
  if (Lab.unavailable() === undefined)
    report.add('sent per idle node', 'bytes/s', await traffic(), { goal: 150, reference: 131 })
}
report.finish(options.json)

async function measure(count) {
  const bootstrap = startBootstrap(count)
  await (count === 1 ? sleep(4_000) : untilConsistent(count, bootstrap))
  await sleep(SETTLE_MS)
  const before = cpuSeconds(bootstrap.pid)
  await sleep(WATCH_MS)
  const cpuPercent = (100_000 * (cpuSeconds(bootstrap.pid) - before)) / WATCH_MS
  const memoryMb = residentMb([bootstrap.pid])
  await bootstrap.stop()
  return { memoryMb, cpuPercent }
}

/** Three machines that joined Pam's sixteen nodes and do nothing: what each sends on the wire, Ethernet headers included. */
function traffic() {
  const machines = ['alice', 'bob', 'carol']
  return inTutorialLab({ prefix: 'idle-', machines }, async (lab) => {
    await consistentCrawl(lab, 'alice', TUTORIAL.nodes + machines.length)
    await sleep(SETTLE_MS)
    const sent = () => machines.reduce((sum, host) => sum + interfaceBytes(lab, host, 'eth0'), 0)
    const before = sent()
    await sleep(WATCH_MS)
    return ((sent() - before) * 1000) / WATCH_MS / machines.length
  })
}

function interfaceBytes(lab, host, device) {
  const { stdout } = lab.run(host, ['cat', `/sys/class/net/${device}/statistics/tx_bytes`])
  return Number(stdout)
}

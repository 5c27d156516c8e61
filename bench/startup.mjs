/** Process start to a consistent ring of sixteen nodes on one machine. */
import { startBootstrap, untilConsistent } from './lib/bootstrap.mjs'
import { benchOptions } from './lib/options.mjs'
import { Report } from './lib/report.mjs'

const options = benchOptions({ runs: 5 })
const report = new Report('start-up')
for (let run = 0; run < options.runs; run++) {
  const bootstrap = startBootstrap(16)
  const doneAt = await untilConsistent(16, bootstrap)
  report.add('start to a consistent ring of 16', 's', (doneAt - bootstrap.startedAt) / 1000, {
    goal: 0.8,
    reference: 1.1,
  })
  await bootstrap.stop()
}
report.finish(options.json)

/** Process start to a consistent ring of sixteen nodes on one machine. */
import { startBootstrap, untilConsistent } from './lib/bootstrap.mjs'
import { numberOption } from './lib/options.mjs'
import { Report } from './lib/report.mjs'

const report = new Report('start-up')
for (let run = 0; run < numberOption('runs', 5); run++) {
  const bootstrap = startBootstrap(16)
  const doneAt = await untilConsistent(16, bootstrap)
  report.add('start to a consistent ring of 16', 's', (doneAt - bootstrap.startedAt) / 1000, {
    goal: 0.8,
    reference: 1.1,
  })
  await bootstrap.stop()
}
report.finish()

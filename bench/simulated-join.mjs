/** Virtual time to a ring with everyone in place: all nodes start at once, five random hints each, 100 ms between all pairs. */
import { spawnSync } from 'node:child_process'
import { ROOT } from '../tools/run/steps.mjs'
import { benchOptions } from './lib/options.mjs'
import { Report } from './lib/report.mjs'

const SIZES = [
  { nodes: 16, goal: 4, reference: 58 },
  { nodes: 64, goal: 6, reference: 83 },
  { nodes: 256, goal: 10, reference: 92 },
]

const options = benchOptions({ runs: 5 })
const report = new Report('joining in the simulator')
for (let seed = 1; seed <= options.runs; seed++) {
  for (const { nodes, goal, reference } of SIZES)
    report.add(`virtual time to a ring of ${nodes}`, 's', simulate(nodes, seed), {
      goal,
      reference,
    })
}
report.finish(options.json)

function simulate(nodes, seed) {
  const args = [
    '--scenario',
    'join',
    '--nodes',
    String(nodes),
    '--seed',
    String(seed),
    '--latency',
    '100',
    '--hints',
    '5',
    '--json',
  ]
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [`${ROOT}/tools/run/simulate.mjs`, ...args],
    { encoding: 'utf8' },
  )
  const { ok, metrics } = JSON.parse(stdout.slice(stdout.indexOf('{')) || '{}')
  if (!ok) throw new Error(`the simulation failed: ${stderr}${stdout}`)
  // The ring may be right a little before the last node knows that it is in it.
  return Math.max(metrics.ringFormedMs, metrics.joinMaxMs) / 1000
}

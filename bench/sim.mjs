/**
 * What rings of production code do in the simulator, beside their goals:
 * `npm run bench -- sim [--rows a,b] [--seeds N] [--full] [--json FILE]`. `--full` takes the sizes and seeds that the goals
 * are meant for, and hours; without it smaller rings show the same within minutes.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import { amount, refuse } from '../tools/lab/options.mjs'
import { bundleSimulator } from '../tools/plants/bundle.mjs'
import { printTable, short } from './lib/report.mjs'
import { HEAP } from '../tools/run/heap.mjs'
import { argumentsOf, chooseRows, commandOf, figuresOf } from './lib/sim-rows.mjs'
import { benchOptions } from './lib/options.mjs'

const options = benchOptions({ rows: undefined, seeds: undefined, full: false })
const rows = chooseRows({
  names: options.rows?.split(','),
  seeds:
    options.seeds && (amount('seeds', options.seeds) || refuse('--seeds takes a positive number')),
  isFull: options.full,
})
const programs = { real: await bundleSimulator({}), null: await bundleSimulator({ isNull: true }) }
const figures = []
for (const row of rows) figures.push(...figuresOf(row, play(row)))

const cpu = os.cpus()[0]?.model ?? 'unknown processor'
console.log(`\nsimulated rings (wall times on ${os.cpus().length} cores of ${cpu})`)
printTable(
  ['row', 'figure', 'value', 'unit', 'goal', 'seeds', ''],
  figures.map(({ row, figure, value, unit, goal = '', seeds: count, verdict }) => [
    ...[row, figure, short(value), unit, goal, String(count), verdict],
  ]),
)
console.log('\none seed of each row:')
for (const row of rows) console.log(`${row.name.padEnd(16)} ${commandOf(row)}`)
if (options.json !== undefined)
  fs.writeFileSync(options.json, `${JSON.stringify({ name: 'sim', figures }, null, 2)}\n`)

/** Runs every seed of a row, each in a process of its own, so that memory is its own too. */
function play(row) {
  const reports = []
  for (let seed = 1; seed <= row.seeds; seed++) {
    const program = programs[row.isReal ? 'real' : 'null']
    const args = [...HEAP, program, ...argumentsOf(row.args, seed)]
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      ...{ encoding: 'utf8', maxBuffer: 1 << 26 },
    })
    if (!stdout.startsWith('{')) throw new Error(`${commandOf(row, seed)}: ${stderr}${stdout}`)
    const report = JSON.parse(stdout)
    if (!report.ok)
      console.error(`${commandOf(row, seed)}: ${report.problems.slice(0, 3).join('; ')}`)
    reports.push(report)
  }
  console.error(`${row.name}: ${row.seeds} seeds`)
  return reports
}

/** Within how many seeds each planted bug is found: `npm run bench -- planted-bugs [--seeds N] [--only NAME]`. */
import { spawnSync } from 'node:child_process'
import { bundleSimulator } from '../tools/plants/bundle.mjs'
import { PLANTS, SEEK_DEFAULT } from '../tools/plants/plants.mjs'
import { benchOptions } from './lib/options.mjs'
import { printTable } from './lib/report.mjs'

const { seeds, only } = benchOptions({ seeds: 100, only: '' })
const rows = []
for (const plant of PLANTS.filter(({ name }) => name.includes(only))) rows.push(await score(plant))
printTable(['planted bug', 'scenario, nodes, seconds', 'found at seed', 'by', 'what it is'], rows)
const found = rows.filter(([, , seed]) => seed !== '-').length
console.log(`\n${found} of ${rows.length} found within ${seeds} seeds each, null cipher suite`)

async function score({ name, says, seek = SEEK_DEFAULT }) {
  const program = await bundleSimulator({ plant: name, isNull: true })
  const { scenario, nodes, duration } = seek
  const sizes = ['--nodes', String(nodes), '--duration', String(duration)]
  const args = ['--scenario', scenario, ...sizes, '--seeds', `1..${seeds}`, '--stop-at-failure']
  const { stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
  if (!/^FAILED| seeds of /m.test(stdout)) throw new Error(`${name}: ${stderr}`)
  const [, seed = '-'] = /--seed (\d+)/.exec(stdout) ?? []
  const [, by = '-'] = /^ {2}- (.{1,90})/m.exec(stdout) ?? []
  console.error(`${name}: ${seed} ${by}`)
  return [name, `${scenario} ${nodes} ${duration}`, seed, by.split(':')[0], says]
}

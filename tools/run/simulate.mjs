/** Runs the simulator's scenarios from source, or from built JavaScript when the first argument is `--dist`. */
import { ensure } from './ensure.mjs'
import { ROOT, run } from './steps.mjs'

const args = process.argv.slice(2)
const isBuilt = args[0] === '--dist'
ensure({ dist: isBuilt })
const program = isBuilt
  ? [`${ROOT}/apps/simulate/bin/simulate.js`]
  : ['--conditions=@ipop/source', '--import', 'tsx', `${ROOT}/apps/simulate/src/simulate.ts`]
process.exitCode = run(process.execPath, [...program, ...args.slice(isBuilt ? 1 : 0)]).status

/**
 * Runs the simulator's scenarios from source, or from built JavaScript when the first argument is `--dist`.
 * `--null-crypto` exchanges the cryptography for checksums, `--plant NAME` plants a bug; both exist here only.
 */
import { ensure } from './ensure.mjs'
import { HEAP } from './heap.mjs'
import { ROOT, run } from './steps.mjs'

const args = process.argv.slice(2)
const isBuilt = args[0] === '--dist'
ensure({ dist: isBuilt })
process.exitCode = run(process.execPath, [
  ...HEAP,
  ...(await program()),
  ...args.slice(isBuilt ? 1 : 0),
]).status

async function program() {
  if (isBuilt) return [`${ROOT}/apps/simulate/bin/simulate.js`]
  const plant = args.includes('--plant') ? args[args.indexOf('--plant') + 1] : undefined
  const isNull = args.includes('--null-crypto')
  if (plant === undefined && !isNull)
    return ['--conditions=@ipop/source', '--import', 'tsx', `${ROOT}/apps/simulate/src/simulate.ts`]
  const { bundleSimulator } = await import('../plants/bundle.mjs')
  return [await bundleSimulator({ plant, isNull })]
}

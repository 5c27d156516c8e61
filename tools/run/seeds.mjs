/**
 * Plays the nightly seeds: `npm run seeds [-- --count N] [--jobs N]`. `--count` cuts every scenario down to its first N
 * seeds. Names each seed that fails and how to replay it; exit code 1 if any did, or if one left another trace when repeated.
 */
import { bundleSimulator } from '../plants/bundle.mjs'
import { NIGHTLY_SEEDS } from '../seeds/plan.mjs'
import { playSeeds, repeatSample } from '../seeds/play-seeds.mjs'
import { readOptions } from '../lab/options.mjs'

/** Seeds that one process plays before a fresh one goes on. */
const CHUNK = 50

const { count: countMax, jobs } = readOptions({ count: Infinity, jobs: 2 })
const program = await bundleSimulator({ isNull: true })
for (const { argv, count } of NIGHTLY_SEEDS) await playAll(argv, Math.min(count, countMax))

async function playAll(argv, count) {
  const reports = await inChunks(argv, count)
  const failed = reports.filter(({ ok }) => !ok)
  for (const { seed, problems } of failed) {
    console.log(`FAILED: npm run simulate -- ${argv.join(' ')} --null-crypto --seed ${seed}`)
    for (const problem of problems.slice(0, 4)) console.log(`  - ${problem}`)
  }
  const { played, differing } = await repeatSample(program, argv, reports)
  for (const seed of differing)
    console.log(`NOT REPEATED: npm run simulate -- ${argv.join(' ')} --null-crypto --seed ${seed}`)
  const sums = `${count} seeds, ${failed.length} failed; ${played} repeated, ${differing.length} otherwise`
  console.log(`${argv.join(' ')}: ${sums}`)
  if (failed.length + differing.length > 0) process.exitCode = 1
}

async function inChunks(argv, count) {
  const firsts = Array.from({ length: Math.ceil(count / CHUNK) }, (_, index) => 1 + index * CHUNK)
  const reports = []
  const work = async () => {
    for (let first = firsts.shift(); first !== undefined; first = firsts.shift()) {
      const last = Math.min(first + CHUNK - 1, count)
      reports.push(...(await playSeeds(program, argv, { first, last })))
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return reports.sort((a, b) => Number(a.seed) - Number(b.seed))
}

/** Plays seeds of fault scenarios in processes of their own: equal seeds must leave equal traces. */
import { execFile } from 'node:child_process'

/** Enough for the JSON lines of some ten thousand seeds. */
const OUTPUT_BYTES_MAX = 64 * 1_024 * 1_024

/** One seed in so many is played again. */
const SAMPLED_OF = 100

/** Returns the reports of seeds `first` to `last`; `argv` names the scenario that `program` is to simulate, and its sizes. */
export async function playSeeds(program, argv, { first, last }) {
  const out = await run(program, [...argv, '--seeds', `${first}..${last}`, '--json'])
  const reports = out.split('\n').filter(Boolean).map(parse)
  const wanted = last - first + 1
  if (reports.length === wanted) return reports
  throw new Error(`${reports.length} reports of ${wanted} seeds of ${argv.join(' ')}`)
}

/** Plays one seed in a hundred of `reports` again, each in a fresh process; returns how many, and which left another trace. */
export async function repeatSample(program, argv, reports) {
  const sample = reports.filter(({ seed }) => Number(seed) % SAMPLED_OF === 0)
  const differing = []
  for (const { seed, traceHash } of sample) {
    const [again] = await playSeeds(program, argv, { first: Number(seed), last: Number(seed) })
    if (again.traceHash !== traceHash) differing.push(seed)
  }
  return { played: sample.length, differing }
}

/** Resolves with what the program prints; that some seed failed is an answer, not an error. */
function run(program, argv) {
  const options = { encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX }
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [program, ...argv], options, (error, out, err) => {
      if (child.exitCode === 0 || child.exitCode === 1) resolve(out)
      else reject(new Error(`the simulator ended with ${child.exitCode}: ${err}`, { cause: error }))
    })
  })
}

function parse(line) {
  return JSON.parse(line)
}

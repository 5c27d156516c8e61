/** Many seeds of one scenario: runs them, names those that fail, and how to replay each. */
import { spawn } from 'node:child_process'
import type { Arguments, Output, SeedRange } from './command-line.ts'
import type { Report } from './report.ts'
import { PROBLEMS_SHOWN_MAX } from './limits.ts'

/** What a sweep works with. */
export interface SweepModules {
  readonly argv: readonly string[]
  readonly output: Output
  /** Plays the scenario once. */
  readonly play: (args: Arguments) => Promise<Report>
}

/** Runs every seed of a range; returns 1 when one failed. In JSON there is one line for each, whatever became of it. */
export async function sweep(
  args: Arguments,
  range: SeedRange,
  modules: SweepModules,
): Promise<number> {
  if (args.jobs > 1) return share(args, range, modules)
  const { output } = modules
  const failed: string[] = []
  for (let seed = range.first; seed <= range.last; seed++) {
    const report = await modules.play({ ...args, seed: String(seed) })
    if (args.isJson) output.print(`${JSON.stringify(report)}\n`)
    if (report.ok) continue
    failed.push(report.seed)
    if (!args.isJson) output.print(describe(report, replayLine(modules.argv, report.seed)))
    if (args.stopsAtFailure) return 1
  }
  const count = range.last - range.first + 1
  if (!args.isJson) output.print(`${count} seeds of ${args.scenario}, ${failed.length} failed\n`)
  return failed.length > 0 ? 1 : 0
}

/** Returns the command that runs one seed of this sweep again. */
export function replayLine(argv: readonly string[], seed: string): string {
  const rest = without(argv, ['--seeds', '--jobs', '-j', '--seed', '--trace'])
  return `npm run simulate -- ${[...rest, '--seed', seed].join(' ')}`
}

function describe(report: Report, replay: string): string {
  const problems = report.problems.slice(0, PROBLEMS_SHOWN_MAX).map((text) => `  - ${text}`)
  const more = report.problems.length - problems.length
  const rest = more > 0 ? [`  - and ${more} more`] : []
  return [`FAILED: ${replay}`, ...problems, ...rest, ''].join('\n')
}

/** Splits the range among processes of this same program. */
async function share(
  args: Arguments,
  { first, last }: SeedRange,
  { argv, output }: SweepModules,
): Promise<number> {
  const jobs = Math.min(args.jobs, last - first + 1)
  const size = Math.ceil((last - first + 1) / jobs)
  const rest = without(argv, ['--seeds', '--jobs', '-j'])
  const codes: Promise<number>[] = []
  for (let from = first; from <= last; from += size) {
    const range = `${from}..${Math.min(last, from + size - 1)}`
    codes.push(runPart([...rest, '--seeds', range], output))
  }
  return Math.max(...(await Promise.all(codes)))
}

function runPart(argv: readonly string[], output: Output): Promise<number> {
  const program = process.argv[1] as string
  const child = spawn(process.execPath, [...process.execArgv, program, ...argv])
  child.stdout.on('data', (text: Buffer) => output.print(text.toString()))
  child.stderr.on('data', (text: Buffer) => output.complain(text.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

function without(argv: readonly string[], names: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] as string
    if (names.includes(argument)) index++
    else if (!names.some((name) => argument.startsWith(`${name}=`))) kept.push(argument)
  }
  return kept
}

/** The arguments of the simulation tool. */
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import type { LogLevel } from '@ipop/runtime'
import { NODES_MAX, PARTS_MAX, REPAIR_LIMIT_MS, SETTLE_MS } from './limits.ts'
import { NAT_KINDS } from './ring/machines.ts'
import type { NatShares } from './ring/machines.ts'
import type { ScenarioOptions } from './scenario.ts'
import { findScenario, SCENARIOS } from './scenarios/catalog.ts'

/** What the user asked for. */
export interface Arguments extends ScenarioOptions {
  readonly scenario: string
  readonly seed: string
  readonly latencyMs: number
  readonly jitterMs: number
  /** Whether nodes stand at random places of a square instead of equally far apart. */
  readonly hasTorus: boolean
  /** Whether delays are shaped like those measured on the Internet, around the median. */
  readonly hasKing: boolean
  readonly lossProbability: number
  readonly brokenProbability: number
  readonly nats: NatShares
  readonly isJson: boolean
  /** Whether the scenario is run twice and the traces must be equal. */
  readonly isVerified: boolean
  readonly logLevel: LogLevel | undefined
  /** Seeds to run one after the other, instead of the one. */
  readonly seeds: SeedRange | undefined
  /** Processes that share the seeds. */
  readonly jobs: number
  /** Where the story of the run is written. */
  readonly traceFile: string | undefined
  /** Whether a sweep ends with the first seed that fails. */
  readonly stopsAtFailure: boolean
}

/** Seeds from the first to the last, both included. */
export interface SeedRange {
  readonly first: number
  readonly last: number
}

/** Why no scenario runs: a mistake, or help was asked for. */
export interface Refusal {
  readonly exitCode: number
}

/** Where text for the user goes. */
export interface Output {
  /** Writes to standard output. */
  print(text: string): void
  /** Writes to standard error. */
  complain(text: string): void
}

interface RawOptions {
  scenario: string
  nodes: number
  seed: string
  latency: number
  jitter: number
  torus?: true
  king?: true
  loss: number
  broken: number
  nat: NatShares
  hints: number
  duration: number
  interval: number
  fraction: number
  parts: number
  settle: number
  values: number
  limit: number
  json?: true
  verify?: true
  log?: LogLevel
  seeds?: SeedRange
  jobs: number
  trace?: string
  stopAtFailure?: true
  nullCrypto?: true
  plant?: string
}

/** Reads the arguments; help and complaints go to `output`. */
export function readArguments(argv: readonly string[], output: Output): Arguments | Refusal {
  const command = makeCommand(output)
  try {
    command.parse(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { exitCode: error.exitCode === 0 ? 0 : 2 }
  }
  const raw = command.opts<RawOptions>()
  return {
    scenario: raw.scenario,
    nodes: raw.nodes,
    seed: raw.seed,
    latencyMs: raw.latency,
    jitterMs: raw.jitter,
    hasTorus: raw.torus === true,
    hasKing: raw.king === true,
    lossProbability: raw.loss,
    brokenProbability: raw.broken,
    nats: raw.nat,
    hints: raw.hints,
    durationMs: raw.duration * 1000,
    intervalMs: raw.interval * 1000,
    fraction: raw.fraction,
    parts: raw.parts,
    settleMs: raw.settle * 1000,
    values: raw.values,
    limitMs: raw.limit * 1000,
    isJson: raw.json === true,
    isVerified: raw.verify === true,
    logLevel: raw.log,
    seeds: raw.seeds,
    jobs: raw.jobs,
    traceFile: raw.trace,
    stopsAtFailure: raw.stopAtFailure === true,
  }
}

function makeCommand(output: Output): Command {
  const names = SCENARIOS.map(({ name, summary }) => `  ${name.padEnd(16)} ${summary}`).join('\n')
  const command = new Command('simulate')
    .description('Runs a scenario of overlay nodes in virtual time.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.print(text),
      writeErr: (text) => output.complain(text),
    })
    .option('-s, --scenario <name>', 'what happens', scenarioName, 'join')
    .option('-n, --nodes <count>', 'number of nodes', integer(1, NODES_MAX), 100)
    .option('--seed <text>', 'everything random follows from it', '1')
    .option('--seeds <a..b>', 'run every seed from a to b and tell which failed', seedRange)
    .option('-j, --jobs <count>', 'processes that share the seeds', integer(1, 256), 1)
    .option('--stop-at-failure', 'end with the first seed that fails')
    .option('--null-crypto', 'checksums instead of cryptography; `npm run simulate` sees to it')
    .option('--plant <name>', 'a planted bug; `npm run simulate` sees to it')
    .option('--trace <file>', 'write who did what when; as a picture where the name ends in .html')
    .option('--json', 'print the result as JSON, of a range one line for each seed')
    .option('--verify', 'run twice and compare the traces')
    .option('--log <level>', 'print log events of this level and above to standard error', logLevel)
    .addHelpText('after', `\nScenarios:\n${names}\n\nExit code: 0 fine, 1 failed, 2 bad usage.`)
  return addStoryOptions(addNetworkOptions(command))
}

function addNetworkOptions(command: Command): Command {
  return command
    .option('--latency <ms>', 'one-way delay of every path', real(0, 60_000), 100)
    .option('--torus', 'random places on a square, --latency being the longest delay')
    .option('--king', 'delays as on the Internet, --latency being the median')
    .option('--jitter <ms>', 'further random delay', real(0, 60_000), 0)
    .option('--loss <p>', 'chance that a datagram is lost', real(0, 1), 0)
    .option('--broken <p>', 'chance that a node refuses another for good', real(0, 1), 0)
    .option(
      '--nat <kind=p,...>',
      'shares of nodes behind NATs, e.g. easy=0.4,hard=0.1',
      natShares,
      {},
    )
    .option('--hints <count>', 'transport addresses each node is told', integer(0, 256), 5)
}

function addStoryOptions(command: Command): Command {
  return command
    .option('--duration <s>', 'length of churn or partition', real(0, 1e7), 600)
    .option('--interval <s>', 'mean time between churn events', real(0.001, 1e6), 10)
    .option('--fraction <p>', 'share of nodes that fail, lie or are split off', real(0, 1), 0.5)
    .option('--parts <count>', 'parts of a partition', integer(2, PARTS_MAX), 2)
    .option('--settle <s>', 'pause in which a ring comes to rest', real(0, 1e5), SETTLE_MS / 1000)
    .option(
      '--values <count>',
      'values to store, joins or lookups to make',
      integer(0, 100_000),
      50,
    )
    .option('--limit <s>', 'give up after', real(1, 1e7), REPAIR_LIMIT_MS / 1000)
}

function scenarioName(text: string): string {
  if (findScenario(text) !== undefined) return text
  const names = SCENARIOS.map(({ name }) => name).join(', ')
  throw new InvalidArgumentError(`Choose one of ${names}.`)
}

function seedRange(text: string): SeedRange {
  const [, first, last] = /^(\d{1,9})\.\.(\d{1,9})$/.exec(text) ?? []
  if (first === undefined || Number(first) > Number(last))
    throw new InvalidArgumentError('Not a range such as 1..100.')
  return { first: Number(first), last: Number(last) }
}

function natShares(text: string): NatShares {
  const share = real(0, 1)
  const pairs = text.split(',').map((part): [string, number] => {
    const [kind = '', value = ''] = part.split('=')
    if (!Object.hasOwn(NAT_KINDS, kind)) {
      throw new InvalidArgumentError(`Choose of ${Object.keys(NAT_KINDS).join(', ')}.`)
    }
    return [kind, share(value)]
  })
  return Object.fromEntries(pairs)
}

function logLevel(text: string): LogLevel {
  const levels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error']
  const level = levels.find((known) => known === text)
  if (level === undefined) throw new InvalidArgumentError(`Choose one of ${levels.join(', ')}.`)
  return level
}

function integer(least: number, most: number): (text: string) => number {
  const check = real(least, most)
  return (text) => {
    if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('Not an integer.')
    return check(text)
  }
}

function real(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text)
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`Not a number from ${least} to ${most}.`)
  }
}

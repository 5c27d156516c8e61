/** Runs the scenario that the arguments name and reports on it. */
import { drawFaultPlan, kingLatency, SeededRandom, torusLatency, World } from '@ipop/simulator'
import type { FaultPlan, LatencyModel, WorldOptions } from '@ipop/simulator'
import { readArguments } from './command-line.ts'
import type { Arguments, Output } from './command-line.ts'
import { formatReport } from './report.ts'
import type { Report } from './report.ts'
import { FAULTS_FROM_MS, LAN_ADDRESSES_PER_NODE } from './limits.ts'
import { conditionsOf } from './mixed/conditions.ts'
import { SimulatedRing } from './ring/simulated-ring.ts'
import type { Findings, Scenario } from './scenario.ts'
import { findScenario } from './scenarios/catalog.ts'
import { replayLine, sweep } from './sweep.ts'
import { Recorder } from './trace/recorder.ts'

/** What the run itself costs the machine it runs on; nothing in a simulation depends on it. */
export interface Machine {
  /** Returns milliseconds of real time. */
  now(): number
  /** Returns the most memory that the process had so far. */
  peakMemoryBytes(): number
}

/** Tests ask for no costs. */
const NO_MACHINE: Machine = { now: () => 0, peakMemoryBytes: () => 0 }

/** What is around a run. */
interface Around {
  readonly output: Output
  readonly machine: Machine
}

/** Runs the tool; returns the exit code: 0 fine, 1 failed, 2 bad usage. */
export async function main(
  argv: readonly string[],
  output: Output,
  machine: Machine = NO_MACHINE,
): Promise<number> {
  const args = readArguments(argv, output)
  if ('exitCode' in args) return args.exitCode
  const scenario = findScenario(args.scenario) as Scenario
  if (args.seeds !== undefined) {
    return sweep(args, args.seeds, {
      argv,
      output,
      play: (each) => play(scenario, each, { output, machine }),
    })
  }
  const first = await play(scenario, args, { output, machine })
  const report = args.isVerified ? await verify(first, scenario, args, { output, machine }) : first
  output.print(args.isJson ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report))
  if (!report.ok) output.complain(`replay: ${replayLine(argv, args.seed)}\n`)
  return report.ok ? 0 : 1
}

/** Plays a scenario once, in a world of its own. */
async function play(scenario: Scenario, args: Arguments, around: Around): Promise<Report> {
  const { output, machine } = around
  const startedAt = machine.now()
  const tell = (text: string): void => {
    if (!args.isJson && args.seeds === undefined) output.complain(`${text}\n`)
  }
  const plan = planOf(scenario, args)
  const world = makeWorld(args, plan, output)
  const ring = makeRing(world, scenario, args, plan)
  const recorder = args.traceFile === undefined ? undefined : new Recorder(world, ring)
  const stage = {
    ...{ world, ring, plan, options: args },
    tell: (text: string) => {
      tell(text)
      recorder?.tell(text)
    },
  }
  const findings = await scenario.run(stage).catch(explain)
  recorder?.write(args.traceFile as string, `${scenario.name}, seed ${args.seed}`)
  return {
    scenario: scenario.name,
    nodes: args.nodes,
    seed: args.seed,
    cipherSuite: String(Reflect.get(globalThis, 'ipopCipherSuite') ?? 'real'),
    ok: findings.problems.length === 0,
    virtualMs: world.elapsedMs(),
    metrics: findings.metrics,
    datagramsPerNode: world.stats.datagramsSent / args.nodes,
    bytesPerNode: world.stats.bytesSent / args.nodes,
    drops: { ...world.stats.dropsByReason },
    problems: findings.problems,
    traceHash: world.traceHash(),
    events: world.eventsExecuted,
    wallMs: Math.round(machine.now() - startedAt),
    peakMemoryMb: Math.round(machine.peakMemoryBytes() / 2 ** 20),
  }
}

function makeRing(
  world: World,
  { runsDht, runsLan }: Scenario,
  args: Arguments,
  plan: FaultPlan | undefined,
): SimulatedRing {
  const { hints } = args
  const nats = plan?.conditions.nats ?? args.nats
  const lanHostBits = Math.ceil(Math.log2(LAN_ADDRESSES_PER_NODE * args.nodes))
  const settings = { namespace: 'simulate', runsDht, runsLan, lanHostBits, hints, nats }
  return new SimulatedRing(world, settings)
}

async function verify(
  first: Report,
  scenario: Scenario,
  args: Arguments,
  around: Around,
): Promise<Report> {
  const second = await play(scenario, args, around)
  if (second.traceHash === first.traceHash) return first
  const problem = `the second run differs: its trace hash is ${second.traceHash}`
  return { ...first, ok: false, problems: [...first.problems, problem] }
}

/** The plan follows from the seed and the command line alone. */
function planOf({ palette }: Scenario, args: Arguments): FaultPlan | undefined {
  if (palette === undefined) return undefined
  const { nodes, durationMs, seed } = args
  const extent = { nodes, fromMs: FAULTS_FROM_MS, durationMs }
  return drawFaultPlan(palette, extent, new SeededRandom(`plan ${seed}`))
}

function makeWorld(args: Arguments, plan: FaultPlan | undefined, output: Output): World {
  const { seed, jitterMs, lossProbability, brokenProbability, logLevel } = args
  const network: Omit<WorldOptions, 'seed'> = plan
    ? conditionsOf(plan.conditions)
    : {
        latencyMs: latencyOf(args),
        jitterMs,
        lossProbability,
        brokenProbability,
      }
  return new World({
    seed,
    ...network,
    ...(logLevel !== undefined && {
      logLevel,
      print: (line: string) => output.complain(`${line}\n`),
    }),
  })
}

function latencyOf({ latencyMs, hasTorus, hasKing }: Arguments): number | LatencyModel {
  if (hasKing) return kingLatency(latencyMs)
  return hasTorus ? torusLatency(latencyMs) : latencyMs
}

/** An exception of simulated code is a finding like any other: it has a seed that repeats it. */
function explain(error: unknown): Findings {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const cause =
    error instanceof Error && error.cause instanceof Error ? error.cause.stack : undefined
  return { metrics: {}, problems: [cause === undefined ? text : `${text}\ncaused by ${cause}`] }
}

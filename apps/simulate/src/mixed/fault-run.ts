/** One run of a ring under the faults of a plan, with every checker watching. */
import type { Random } from '@ipop/runtime'
import type { FaultPlan } from '@ipop/simulator'
import { FAULTS_FROM_MS, STEP_MS } from '../limits.ts'
import type { Findings, Stage } from '../scenario.ts'
import { FaultPlayer } from './fault-player.ts'
import { checkFinally } from './final-checks.ts'
import { Violations } from './findings.ts'
import { LeaseWatch } from './lease-watch.ts'
import { LinkWatch } from './link-watch.ts'
import { StepWatch } from './step-watch.ts'
import { Traffic } from './traffic.ts'
import { Values } from './values.ts'

/** Packets are sent, values are put and leases are compared this often. */
const WORK_EVERY_MS = 1_000

/** The watchers and workers of one run. */
interface Cast {
  readonly violations: Violations
  readonly values: Values
  readonly player: FaultPlayer
  readonly traffic: Traffic
  readonly watch: StepWatch
  readonly leases: LeaseWatch
  readonly random: Random
  readonly step: () => void
}

/** Starts the nodes, lets the faults happen, ends them, and checks. */
export async function runUnderFaults(stage: Stage, plan: FaultPlan): Promise<Findings> {
  const { world, ring, options } = stage
  const cast = assemble(stage, plan)
  const { violations, values, player, traffic, watch, leases, random } = cast
  const calendar = random.fork('calendars')
  ring.onStart(({ host }) =>
    host.setClockSkew((2 * calendar.float() - 1) * plan.conditions.clockSkewMaxMs),
  )
  await ring.startTogether(options.nodes)
  await rage(stage, cast)
  await player.cease()
  const measures = await checkFinally({ ...cast, world, ring, random: random.fork('final') })
  return {
    metrics: {
      ...measures,
      faults: plan.faults.length,
      liveNodes: ring.running.length,
      packets: `${traffic.delivered} of ${traffic.sent}`,
      values: values.expected,
      doubleOwners: leases.doubles,
      hopsChecked: watch.hopsChecked,
      events: world.eventsExecuted,
    },
    problems: violations.all(),
  }
}

function assemble(stage: Stage, plan: FaultPlan): Cast {
  const { world, ring } = stage
  const violations = new Violations(world)
  const random = world.random.fork('work')
  const values = new Values({ world, ring, random: random.fork('values'), violations, plan })
  const tell = (who: string, what: string): void => stage.tell(`${timeOf(stage)} ${who} ${what}`)
  const player = new FaultPlayer({ world, ring, tell, values }, plan)
  const traffic = new Traffic({ ring, random: random.fork('traffic'), violations })
  const watch = new StepWatch({ world, ring, player, violations })
  const leases = new LeaseWatch({ world, ring, player, violations })
  const links = new LinkWatch({ world, ring, violations }, plan)
  const step = (): void => {
    watch.look()
    leases.look()
    links.look()
  }
  return { violations, values, player, traffic, watch, leases, random, step }
}

async function rage({ world, options }: Stage, cast: Cast): Promise<void> {
  const endsAt = FAULTS_FROM_MS + options.durationMs
  for (let workAt = WORK_EVERY_MS; world.elapsedMs() < endsAt;) {
    await world.run({ forMs: STEP_MS })
    await cast.player.advance()
    cast.step()
    if (world.elapsedMs() < workAt) continue
    workAt += WORK_EVERY_MS
    cast.traffic.sendSome()
    cast.values.putOne()
  }
}

function timeOf({ world }: Stage): string {
  return `${(world.elapsedMs() / 1000).toFixed(2).padStart(8)} s`
}

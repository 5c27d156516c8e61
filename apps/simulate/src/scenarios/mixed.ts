/** The scenarios that draw what goes wrong from a palette: the palette is all they are. */
import { CALM_PALETTE } from '@ipop/simulator'
import type { FaultPalette } from '@ipop/simulator'
import { runUnderFaults } from '../mixed/fault-run.ts'
import type { Scenario } from '../scenario.ts'

const ALL_NATS = {
  open: [0, 0.3],
  restricted: [0, 0.3],
  easy: [0, 0.4],
  hard: [0, 0.3],
} as const

/** Everything at once. */
export const MIXED_PALETTE: FaultPalette = {
  latencies: ['constant', 'king', 'heavy tail'],
  jitterMs: [0, 100],
  lossProbability: [0, 0.3],
  duplicateProbability: [0, 0.1],
  reorderProbability: [0, 0.2],
  brokenProbability: [0, 0.05],
  nats: ALL_NATS,
  clockSkewMaxMs: 240_000,
  eventsPerNodeMinute: {
    crash: 0.2,
    leave: 0.2,
    join: 0.3,
    restart: 0.5,
    'restart without state': 0.2,
    pause: 0.4,
    'slow link': 0.3,
    'clock jump': 0.3,
    'nat reboot': 0.5,
    move: 0.3,
    clone: 0.1,
    'disk error': 0.2,
    'drop packets': 0.1,
    'misroute packets': 0.1,
    'false neighbors': 0.1,
    'withhold records': 0.1,
    'forge sources': 0.1,
    partition: 0.15,
    'cut pair': 0.5,
    'one-way pair': 0.4,
    'loss burst': 0.15,
  },
  lastsMs: [500, 25_000],
  parts: [2, 5],
  presence: 0.4,
}

function faultScenario(name: string, summary: string, palette: FaultPalette): Scenario {
  return {
    name,
    summary,
    runsDht: true,
    runsLan: true,
    palette,
    async run(stage) {
      if (stage.plan === undefined) throw new Error('a fault scenario without a plan')
      return runUnderFaults(stage, stage.plan)
    },
  }
}

/** The scenarios that are palettes. */
export const FAULT_SCENARIOS: readonly Scenario[] = [
  faultScenario(
    'mixed',
    'every kind of fault, drawn by the seed, for --duration seconds',
    MIXED_PALETTE,
  ),
  faultScenario('calm', 'no faults; every checker watches', CALM_PALETTE),
]

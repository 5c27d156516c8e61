/** The scenarios that draw what goes wrong from a palette. */
import type { FaultPalette } from '@ipop/simulator'
import { runUnderFaults } from '../mixed/fault-run.ts'
import type { Scenario } from '../scenario.ts'
import { PALETTES } from './palettes.ts'

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
export const FAULT_SCENARIOS: readonly Scenario[] = PALETTES.map(({ name, summary, palette }) =>
  faultScenario(name, summary, palette),
)

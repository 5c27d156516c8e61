/** Every scenario, by name. */
import type { Scenario } from '../scenario.ts'
import { churn } from './churn.ts'
import { dht } from './dht.ts'
import { join } from './join.ts'
import { lateJoin } from './late-join.ts'
import { leases } from './leases.ts'
import { liars } from './liars.ts'
import { formation } from './formation.ts'
import { FAULT_SCENARIOS } from './mixed.ts'
import { massFailure } from './mass-failure.ts'
import { partitionMerge } from './partition-merge.ts'
import { routes } from './routes.ts'
import { sequentialJoin } from './sequential-join.ts'
import { sessions } from './sessions.ts'

/** The scenarios in the order the help text lists them. */
export const SCENARIOS: readonly Scenario[] = [
  join,
  formation,
  sequentialJoin,
  lateJoin,
  churn,
  sessions,
  massFailure,
  partitionMerge,
  dht,
  leases,
  liars,
  routes,
  ...FAULT_SCENARIOS,
]

/** Returns the scenario called `name`. */
export function findScenario(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name)
}

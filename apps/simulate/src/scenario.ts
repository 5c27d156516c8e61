/** What a scenario is: a story told to a simulated ring, and what was found. */
import type { FaultPalette, FaultPlan, World } from '@ipop/simulator'
import type { SimulatedRing } from './ring/simulated-ring.ts'

/** What a user may choose about a scenario. */
export interface ScenarioOptions {
  /** Number of nodes. */
  readonly nodes: number
  /** How many other nodes each node is told about. */
  readonly hints: number
  /** Virtual length of the eventful part. */
  readonly durationMs: number
  /** Virtual time between two events of that part. */
  readonly intervalMs: number
  /** Share of nodes that fail or lie, or that stand on one side of a partition. */
  readonly fraction: number
  /** Into how many parts the network splits. */
  readonly parts: number
  /** Pause in which a ring comes to rest. */
  readonly settleMs: number
  /** Number of values or addresses that are stored. */
  readonly values: number
  /** Virtual time after which something that should have happened has failed. */
  readonly limitMs: number
}

/** Where a scenario plays. */
export interface Stage {
  readonly world: World
  readonly ring: SimulatedRing
  readonly options: ScenarioOptions
  /** What goes wrong, in scenarios that have a palette. */
  readonly plan?: FaultPlan | undefined
  /** Tells the user how far it is. */
  tell(text: string): void
}

/** One measured value. */
export type Metric = number | string | boolean

/** What a scenario found. */
export interface Findings {
  /** What was measured, by name. */
  readonly metrics: Record<string, Metric>
  /** What went wrong, as sentences; empty when all is fine. */
  readonly problems: readonly string[]
}

/** A story that can be told to a ring. */
export interface Scenario {
  readonly name: string
  /** One line for the help text. */
  readonly summary: string
  /** Whether its nodes run a DHT. */
  readonly runsDht: boolean
  /** Whether its nodes have a place in a virtual network. */
  readonly runsLan?: boolean
  /** What its faults are drawn from. */
  readonly palette?: FaultPalette
  /** Tells the story. */
  run(stage: Stage): Promise<Findings>
}

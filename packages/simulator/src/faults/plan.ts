/** Draws from a palette what goes wrong in one run, and when: the plan is data, so it can be printed and cut down. */
import type { Random } from '@ipop/runtime'
import type { FaultKind, FaultPalette, LatencyKind, Range } from './palette.ts'

/** One fault. */
export interface PlannedFault {
  readonly atMs: number
  readonly kind: FaultKind
  /** From 0 to 1: which of the nodes that there are by then. */
  readonly who: number
  /** From 0 to 1: which other node, where two are concerned. */
  readonly other: number
  /** How long it lasts, where it ends by itself. */
  readonly forMs: number
  /** From 0 to 1: how hard. */
  readonly strength: number
}

/** The network in which a run takes place. */
export interface NetworkConditions {
  readonly latency: LatencyKind
  readonly latencyMs: number
  readonly jitterMs: number
  readonly lossProbability: number
  readonly duplicateProbability: number
  readonly reorderProbability: number
  readonly brokenProbability: number
  readonly nats: Readonly<Record<string, number>>
  readonly clockSkewMaxMs: number
}

/** What goes wrong in one run. */
export interface FaultPlan {
  readonly conditions: NetworkConditions
  /** Groups that each partition makes, at most. */
  readonly parts: Range
  /** In order of time. */
  readonly faults: readonly PlannedFault[]
}

/** For how long and for how many nodes a plan is. */
export interface PlanExtent {
  readonly nodes: number
  readonly fromMs: number
  readonly durationMs: number
}

/** Plans at least this long have as many events as the palette says. */
const UNHURRIED_MS = 40_000

/** Draws a plan. */
export function drawFaultPlan(
  palette: FaultPalette,
  extent: PlanExtent,
  random: Random,
): FaultPlan {
  return {
    conditions: drawConditions(palette, random.fork('conditions')),
    parts: palette.parts,
    faults: drawFaults(palette, extent, random.fork('faults')),
  }
}

function drawConditions(palette: FaultPalette, random: Random): NetworkConditions {
  const isPresent = (): boolean => random.float() < palette.presence
  const draw = (range: Range): number => {
    const value = within(range, random.float())
    return isPresent() ? value : 0
  }
  const nats = Object.entries(palette.nats).map(([kind, range]) => [kind, draw(range)] as const)
  return {
    latency: palette.latencies[random.below(palette.latencies.length)] ?? 'constant',
    latencyMs: within([5, 150], random.float()),
    jitterMs: draw(palette.jitterMs),
    lossProbability: draw(palette.lossProbability),
    duplicateProbability: draw(palette.duplicateProbability),
    reorderProbability: draw(palette.reorderProbability),
    brokenProbability: draw(palette.brokenProbability),
    nats: Object.fromEntries(nats),
    clockSkewMaxMs: draw([0, palette.clockSkewMaxMs]),
  }
}

function drawFaults(palette: FaultPalette, extent: PlanExtent, random: Random): PlannedFault[] {
  const faults: PlannedFault[] = []
  // A short run has its faults closer together, or most short runs would have none.
  const haste = Math.max(1, UNHURRIED_MS / extent.durationMs)
  for (const [kind, rate] of Object.entries(palette.eventsPerNodeMinute)) {
    const chance = random.fork(kind)
    if (chance.float() >= palette.presence) continue
    const meanGapMs = 60_000 / (rate * extent.nodes * haste)
    let atMs = extent.fromMs - Math.log(1 - chance.float()) * meanGapMs
    while (atMs < extent.fromMs + extent.durationMs) {
      faults.push({
        atMs,
        kind: kind as FaultKind,
        who: chance.float(),
        other: chance.float(),
        forMs: within(palette.lastsMs, chance.float()),
        strength: chance.float(),
      })
      atMs -= Math.log(1 - chance.float()) * meanGapMs
    }
  }
  return faults.sort((a, b) => a.atMs - b.atMs)
}

function within([least, most]: Range, fraction: number): number {
  return least + (most - least) * fraction
}

/** Which faults a scenario may draw, and how hard: data, from which a seed draws its own plan. */

/** Something that befalls one node. */
export type NodeFaultKind =
  | 'crash'
  | 'leave'
  | 'restart'
  | 'restart without state'
  | 'pause'
  | 'slow link'
  | 'clock jump'
  | 'nat reboot'
  | 'move'
  | 'clone'
  | 'disk error'
  | 'drop packets'
  | 'misroute packets'
  | 'false neighbors'
  | 'withhold records'
  | 'forge sources'

/** Something that befalls the network between nodes. */
export type NetworkFaultKind =
  | 'partition'
  | 'cut pair'
  | 'one-way pair'
  | 'loss burst'
  /** Up to half of the nodes crash at one instant. */
  | 'mass kill'
  /** The bootstrap that all have in common is gone for a while. */
  | 'bootstrap loss'

/** Everything that can go wrong, and `join`: one more node. */
export type FaultKind = NodeFaultKind | NetworkFaultKind | 'join'

/** From the least to the most. */
export type Range = readonly [least: number, most: number]

/** How delays between places come about. */
export type LatencyKind = 'constant' | 'king' | 'heavy tail'

/** What the faults of a scenario are drawn from. */
export interface FaultPalette {
  /** Delay models to choose from. */
  readonly latencies: readonly LatencyKind[]
  readonly jitterMs: Range
  readonly lossProbability: Range
  readonly duplicateProbability: Range
  readonly reorderProbability: Range
  /** Chance that two machines cannot talk at all, for good. */
  readonly brokenProbability: Range
  /** Share of machines behind each kind of NAT. */
  readonly nats: Readonly<Record<string, Range>>
  /** How far calendars are off, to either side. */
  readonly clockSkewMaxMs: number
  /** Mean events per node and minute, by kind. */
  readonly eventsPerNodeMinute: Readonly<Partial<Record<FaultKind, number>>>
  /** How long a fault that ends by itself lasts. */
  readonly lastsMs: Range
  /** Groups that a partition makes. */
  readonly parts: Range
  /** Chance that a plan has a given property or kind of fault at all: plans with few kinds dig deeper. */
  readonly presence: number
}

/** A palette without any fault; scenarios name what they add. */
export const CALM_PALETTE: FaultPalette = {
  latencies: ['constant'],
  jitterMs: [0, 0],
  lossProbability: [0, 0],
  duplicateProbability: [0, 0],
  reorderProbability: [0, 0],
  brokenProbability: [0, 0],
  nats: {},
  clockSkewMaxMs: 0,
  eventsPerNodeMinute: {},
  lastsMs: [1_000, 20_000],
  parts: [2, 2],
  presence: 1,
}

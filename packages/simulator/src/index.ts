/** Virtual runtime: world, hosts, NATs, links, faults, traces, invariant checkers. */
export { World } from './world/world.ts'
export type { HostOptions, NatOptions, WorldOptions } from './world/options.ts'
export { SimHost as Host } from './host/sim-host.ts'
export { SimulationError, socketError } from './errors.ts'
export type { SimulationErrorCode, SocketError } from './errors.ts'
export { SeededRandom } from './random/seeded-random.ts'
export {
  constantLatency,
  heavyTailLatency,
  kingLatency,
  matrixLatency,
  torusLatency,
  uniformLatency,
} from './network/latency.ts'
export { CALM_PALETTE } from './faults/palette.ts'
export type {
  FaultKind,
  FaultPalette,
  LatencyKind,
  NetworkFaultKind,
  NodeFaultKind,
  Range,
} from './faults/palette.ts'
export { drawFaultPlan } from './faults/plan.ts'
export type { FaultPlan, NetworkConditions, PlanExtent, PlannedFault } from './faults/plan.ts'
export type { LatencyFunction, LatencyModel, Place } from './network/latency.ts'
export type { LinkProperties } from './network/link.ts'
export {
  easyNat,
  hardNat,
  Nat,
  openNat,
  restrictedNat,
  sequentialNat,
  udpBlockingNat,
} from './network/nat.ts'
export { addAttachedPair, ATTACHMENT_KINDS } from './network/attachments.ts'
export type { AttachmentKind } from './network/attachments.ts'
export type { NatBehaviour, NatDependence } from './network/nat.ts'
export { formatLogRecord } from './world/log-book.ts'
export type { LogRecord } from './world/log-book.ts'
export type { DropReason, HostStats } from './world/stats.ts'
export { WorldStats } from './world/stats.ts'
export type { PacketOutcome, PacketRecord } from './world/trace.ts'
export { checkRing, formatViolations } from './ring/ring-report.ts'
export type { RingReport } from './ring/ring-report.ts'
export type { RingAddress, RingInvariant, RingNodeView, RingViolation } from './ring/view.ts'
export {
  checkConnectionCap,
  checkLiveSuccessors,
  checkMutualConnections,
  checkNearLists,
  checkNeighbors,
} from './ring/neighbor-checks.ts'
export { checkCycle, traceCycles } from './ring/cycle-checks.ts'
export type { RingCycle, RingShape } from './ring/cycle-checks.ts'
export {
  checkConnected,
  checkGreedyRoutes,
  meanGreedyHops,
  nearestNode,
} from './ring/graph-checks.ts'
export type { RouteCheckOptions } from './ring/graph-checks.ts'
export { CounterReuseWatch } from './wire-checks/counter-reuse.ts'
export type { SendListener } from './network/network.ts'

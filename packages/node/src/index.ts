/** Composition root: configuration, runtime and device become a running node; management interfaces. */
export * from './tools.ts'
export { startMultiNode, startNode, type StartOptions } from './start/start-node.ts'
export type { NodeStatus, RunningMember, RunningNode } from './start/running-node.ts'
export type { GivenSettings } from './start/virtual-network.ts'
export { FactPrinter, runNode, type OutputOptions } from './cli/run-node.ts'

/** Types of the path lab for tests in TypeScript. */
import type { Lab } from './namespaces.mjs'

export const VIRTUAL: { alice: string; bob: string; pam: string }
export const MACHINES: string[]
export function pathLabUp(lab: Lab, path: { mtu: number; family: 4 | 6; isRelayed?: boolean }): void
export function startMachines(
  lab: Lab,
  options: { family: 4 | 6; isRelayed?: boolean; env?: Record<string, string> },
): Promise<void>
export function copyAcross(
  lab: Lab,
  options: { bytes: number; port: number },
): Promise<{ isIntact: boolean; seconds: number; counters: Record<string, number>; cut: number }>
export function peerOver(
  lab: Lab,
  host: 'alice' | 'bob',
  kind: 'udp' | 'relay',
): { edgeKinds: string[]; datagramBytesMax?: number } | undefined

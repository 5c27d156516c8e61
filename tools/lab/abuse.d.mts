/** Types of the attacks on a tunnel for tests in TypeScript. */
import type { Lab } from './namespaces.mjs'

export interface Tunnel {
  port: number
  back: string
}
export interface AttackResult {
  sent: number
  rejected: number
  problems: string[]
}
export const KINDS: readonly string[]
export function openTunnel(lab: Lab): Promise<Tunnel>
export function attack(lab: Lab, tunnel: Tunnel, kind: string, count: number): Promise<AttackResult>
export function copyUnderAttack(lab: Lab, tunnel: Tunnel, count: number): Promise<string[]>

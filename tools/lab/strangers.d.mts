/** Types of the flood of strangers for tests in TypeScript. */
import type { Lab } from './namespaces.mjs'

export interface Target {
  host: 'pam' | 'bob'
  port: number
}
export interface Traffic {
  packets: number
  bytes: number
}
export interface Observation {
  asked: Traffic
  answered: Traffic
  memory: number
  refused: number
}
export const SOURCES: number
export const PER_SECOND: number
export function aimAt(lab: Lab, host: 'pam' | 'bob'): Promise<Target>
export function flood(
  lab: Lab,
  target: Target,
  options: { seconds: number; isSpared?: boolean },
): Promise<number>
export function observe(lab: Lab, target: Target): Observation
export function judgeAnswers(observation: Observation): string[]

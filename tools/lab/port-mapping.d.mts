/** Types of the port mapping lab for tests in TypeScript. */
import type { Lab, LabProcess } from './namespaces.mjs'

export const OUTSIDE: Record<'pam' | 'gate' | 'wall', string>
export const VIRTUAL: Record<'alice' | 'bob', string>
export interface Speaks {
  hasPcp?: boolean
  hasUpnp?: boolean
  isVersion1?: boolean
}
export interface Forwarded {
  kind: string
  port: number
  to: string
}
export function unavailable(): string | undefined
export function mappingLabUp(lab: Lab): void
export function startMiniupnpd(lab: Lab, speaks?: Speaks): LabProcess
export function forwarded(lab: Lab): Forwarded[]
export function startOutside(lab: Lab): LabProcess
export function startBehind(lab: Lab, host: string, extra?: string): LabProcess
export function ask(lab: Lab, host: string, what: string): unknown

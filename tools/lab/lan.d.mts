/** Types of the isolated network for tests in TypeScript. */
import type { Lab, LabProcess } from './namespaces.mjs'

export const HOSTS: Record<'alice' | 'bob' | 'carol', string>
export const HOSTS6: Record<'alice' | 'bob' | 'carol', string>
export function startAlone(
  lab: Lab,
  host: string,
  options?: { hasSettings?: boolean; extra?: string },
): LabProcess

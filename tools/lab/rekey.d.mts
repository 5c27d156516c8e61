/** Types of the transfer across rekeys for tests in TypeScript. */
import type { Lab } from './namespaces.mjs'

export interface RekeyResult {
  sent: string
  received: string
  tookSeconds: number
  remotes: [string, string]
  rekeys: number
  sessions: number
}
export const REKEY_SECONDS: number
export function copyAcrossRekeys(
  lab: Lab,
  options: { bytes: number; seconds: number; say?: (text: string) => void },
): Promise<RekeyResult>

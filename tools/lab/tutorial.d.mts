/** Types of the tutorial's machines for tests in TypeScript. */
import type { Lab, LabProcess } from './namespaces.mjs'

export const TUTORIAL: {
  namespace: string
  port: number
  nodes: number
  hosts: Record<'pam' | 'alice' | 'bob' | 'carol', string>
  pamAddress: string
  virtual: { alice: string; bob: string }
  device: string
}
export interface PingResult {
  stdout: string
  sent: number
  received: number
  lossPercent: number
  medianMs: number | undefined
}
export interface CrawlResult {
  stdout: string
  stderr: string
  status: number
  values: Record<string, string>
}
export function app(name: string, command?: string): string[]
export function startPam(
  lab: Lab,
  options?: { env?: Record<string, string>; count?: number; address?: string },
): LabProcess
export function configure(lab: Lab, host: string, address?: string): void
export function startNode(
  lab: Lab,
  host: string,
  options?: { env?: Record<string, string> },
): LabProcess
export function startTutorial(
  lab: Lab,
  machines?: readonly string[],
  options?: {
    env?: Record<string, string>
    envOf?: Readonly<Record<string, Record<string, string>>>
  },
): Promise<Record<string, LabProcess>>
export function askNode(lab: Lab, host: string, ...words: string[]): unknown
export interface PeerOfReply {
  edgeKinds: readonly string[]
  remote?: string
  rekeys: number
  traffic: { packetsIn: number; packetsOut: number; bytesIn: number; bytesOut: number }
}
export function peerOf(lab: Lab, host: string, other: string): PeerOfReply | undefined
export function copyBetween(
  lab: Lab,
  from: string,
  to: string,
  options: { address: string; bytes: number; seconds?: number; port?: number },
): Promise<{ sent: string; received: string; tookSeconds: number }>
export function virtualAddress(lab: Lab, host: string): string | undefined
export function virtualIpv6(lab: Lab, host: string): string | undefined
export function until<T>(
  what: string,
  check: () => T | Promise<T>,
  limitMs?: number,
  everyMs?: number,
): Promise<NonNullable<T>>
export function ping(
  lab: Lab,
  host: string,
  address: string,
  options?: { count?: number; intervalSeconds?: number },
): PingResult
export function crawl(lab: Lab, host: string): CrawlResult
export function consistentCrawl(
  lab: Lab,
  host: string,
  total: number,
  limitMs?: number,
): Promise<CrawlResult>

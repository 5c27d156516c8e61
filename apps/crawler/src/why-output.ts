/** Lays out what became of every way to a peer. */
import { duration, table } from './ipop-output.ts'

/** Reply to `why`. */
export interface WhyReply {
  readonly address: string
  readonly isConnected: boolean
  readonly paths: readonly {
    readonly endpoint: string
    readonly kind: string
    readonly origin: string
    readonly outcome: string
    readonly tries: number
    readonly rttMs?: number
    readonly heardMsAgo?: number
    readonly activeForMs?: number
  }[]
}

/** Returns the lines of `why`. */
export function whyLines({ address, isConnected, paths }: WhyReply): string[] {
  const head = `${address}: ${isConnected ? 'connected' : 'no session'}`
  if (paths.length === 0) return [head, 'nothing was tried: nobody asked for this node lately']
  const rows = paths.map(({ endpoint, origin, outcome, tries, rttMs, heardMsAgo, activeForMs }) => [
    endpoint,
    origin,
    activeForMs === undefined ? outcome : `${outcome} for ${seconds(activeForMs)}`,
    String(tries),
    rttMs === undefined ? '-' : `${rttMs.toFixed(1)} ms`,
    heardMsAgo === undefined ? 'never' : `${seconds(heardMsAgo)} ago`,
  ])
  return [head, ...table([['endpoint', 'origin', 'outcome', 'pings', 'rtt', 'heard'], ...rows])]
}

function seconds(ms: number): string {
  return duration(Math.round(ms / 1_000))
}

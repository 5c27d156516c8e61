/** What the tool tells about one run. */
import { PROBLEMS_PRINTED_MAX } from './limits.ts'
import type { Metric } from './scenario.ts'

/** The result of one run; printed as it is with `--json`. */
export interface Report {
  readonly scenario: string
  readonly nodes: number
  readonly seed: string
  /** `null` where checksums stand in for the cryptography, as in large rings. */
  readonly cipherSuite: string
  /** Whether nothing went wrong. */
  readonly ok: boolean
  /** Virtual length of the run. */
  readonly virtualMs: number
  /** What the scenario measured. */
  readonly metrics: Record<string, Metric>
  readonly datagramsPerNode: number
  readonly bytesPerNode: number
  /** Datagrams that did not arrive, by reason. */
  readonly drops: Record<string, number>
  readonly problems: readonly string[]
  /** Equal for equal runs. */
  readonly traceHash: string
  /** Timers that fired and datagrams that arrived. */
  readonly events: number
  /** Real time that the run took. */
  readonly wallMs: number
  /** The most memory that the process had. */
  readonly peakMemoryMb: number
}

/** Returns the report for people. */
export function formatReport(report: Report): string {
  const drops = Object.entries(report.drops).map(([reason, count]) => `${count} ${reason}`)
  const rows: [string, Metric][] = [
    ['scenario', report.scenario],
    ['nodes', report.nodes],
    ['seed', report.seed],
    ['cipher suite', report.cipherSuite],
    ['virtual time', `${(report.virtualMs / 1000).toFixed(1)} s`],
    ...Object.entries(report.metrics),
    ['datagrams per node', report.datagramsPerNode.toFixed(1)],
    ['bytes per node', report.bytesPerNode.toFixed(0)],
    ['datagrams dropped', drops.length === 0 ? 'none' : drops.join(', ')],
    ['trace hash', report.traceHash],
    ['cost', `${(report.wallMs / 1000).toFixed(1)} s, ${report.peakMemoryMb} MB`],
    ...rates(report),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
  return [...lines, ...problemLines(report), report.ok ? 'fine' : 'FAILED', ''].join('\n')
}

/** What an event costs, and a node with all that the program itself takes. */
function rates({ events, wallMs, peakMemoryMb, nodes }: Report): [string, Metric][] {
  if (wallMs === 0) return []
  return [
    ['events per second', ((1000 * events) / wallMs).toFixed(0)],
    ['memory per node', `${((1024 * peakMemoryMb) / nodes).toFixed(0)} KiB`],
  ]
}

function problemLines(report: Report): string[] {
  const shown = report.problems.slice(0, PROBLEMS_PRINTED_MAX).map((problem) => `- ${problem}`)
  const rest = report.problems.length - shown.length
  return rest > 0 ? [...shown, `- and ${rest} more`] : shown
}

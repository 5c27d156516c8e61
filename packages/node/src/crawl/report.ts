/** The twelve lines that a crawl ends with, and the checks behind them. */
import type { CrawlRecord } from './record.ts'

/** The health of a ring in numbers. */
export interface CrawlReport {
  readonly totalNodes: number
  readonly consistentNodes: number
  readonly consistency: number
  readonly connections: number
  readonly securityAssociations: number
  readonly wrappedEdges: number
  readonly edges: number
  readonly relayEdges: number
  readonly subringEdges: number
  readonly tcpEdges: number
  readonly udpEdges: number
}

/** Whether the four neighbours of a node name it back. */
export interface ConsistencyChecks {
  readonly right: boolean
  readonly left: boolean
  readonly left2: boolean
  readonly right2: boolean
}

/** Returns which neighbours of `record` were crawled and agree with it. */
export function checkNode(
  record: CrawlRecord,
  records: ReadonlyMap<string, CrawlRecord>,
): ConsistencyChecks {
  const { address } = record
  return {
    right: records.get(record.right)?.left === address,
    left: records.get(record.left)?.right === address,
    left2: records.get(record.left2)?.right2 === address,
    right2: records.get(record.right2)?.left2 === address,
  }
}

/** Returns the share of a node's four checks that hold. */
export function consistencyOf(
  record: CrawlRecord,
  records: ReadonlyMap<string, CrawlRecord>,
): number {
  return Object.values(checkNode(record, records)).filter(Boolean).length / 4
}

/** Sums up a crawl. */
export function summarize(records: ReadonlyMap<string, CrawlRecord>): CrawlReport {
  const all = [...records.values()]
  const sum = (value: (record: CrawlRecord) => number) =>
    all.reduce((total, each) => total + value(each), 0)
  return {
    totalNodes: all.length,
    consistentNodes: all.filter((each) => checkNode(each, records).left).length,
    consistency: all.length === 0 ? 0 : sum((each) => consistencyOf(each, records)) / all.length,
    connections: sum((each) => each.cons),
    securityAssociations: sum((each) => each.sas),
    wrappedEdges: sum((each) => each.wedges),
    edges: sum((each) => each.tunnel + each.udp + each.tcp + each.subring),
    relayEdges: sum((each) => each.tunnel),
    subringEdges: sum((each) => each.subring),
    tcpEdges: sum((each) => each.tcp),
    udpEdges: sum((each) => each.udp),
  }
}

/** Returns the report as the lines that existing scripts read. */
export function reportLines(report: CrawlReport, seconds: number): string[] {
  return [
    `Total Nodes: ${report.totalNodes}`,
    `Consistent Nodes: ${report.consistentNodes}`,
    `Consistency: ${report.totalNodes === 0 ? '0' : pythonFloat(report.consistency)}`,
    `Connections: ${report.connections}`,
    `SecurityAssociations: ${report.securityAssociations}`,
    `WrappedEdges: ${report.wrappedEdges}`,
    `Edges: ${report.edges}`,
    `RelayEdges: ${report.relayEdges}`,
    `SubringEdges: ${report.subringEdges}`,
    `TcpEdges: ${report.tcpEdges}`,
    `UdpEdges: ${report.udpEdges}`,
    `Crawl took: ${pythonFloat(seconds)}`,
  ]
}

/** Returns a number the way Python 2 prints a float: twelve digits, and always a decimal point. */
export function pythonFloat(value: number): string {
  const text = String(Number(value.toPrecision(12)))
  return /^-?\d+$/.test(text) ? `${text}.0` : text.replace(/e([+-])(\d)$/, 'e$10$2')
}

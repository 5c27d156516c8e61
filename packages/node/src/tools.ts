/** The light part of this package: what command-line tools need to talk to a running node. */
export { NodeError, type NodeErrorCode } from './errors.ts'
export {
  DHT_TTL_SECONDS_MAX,
  MULTI_NODES_MAX,
  TRACE_PACKETS_MAX,
  TRACE_SECONDS_MAX,
  TRACE_SNAP_BYTES_MAX,
} from './limits.ts'
export { crawl, type CrawlObserver, type ManagerCall } from './crawl/walk.ts'
export type { CrawlRecord } from './crawl/record.ts'
export {
  consistencyOf,
  pythonFloat,
  reportLines,
  summarize,
  type CrawlReport,
} from './crawl/report.ts'
export {
  recordTrace,
  type Recording,
  type RecordingLimits,
  type RecordingSummary,
  type TraceRequest,
} from './trace/record-trace.ts'
export { XmlRpcClient } from './management/xml-rpc-client.ts'
export { ControlClient } from './management/control/control-client.ts'
export { EXIT_FAILED, EXIT_OK, EXIT_USAGE, exitCodeOf, runCommand } from './cli/exit-codes.ts'

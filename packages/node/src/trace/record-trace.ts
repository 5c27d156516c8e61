/** Records the packets of a running node into a pcap file: what `ipop trace` does. */
import { NodeError } from '../errors.ts'
import { pcapHeader } from './pcap.ts'

/** Asks the node. */
export type TraceRequest = (
  name: string,
  body: Readonly<Record<string, unknown>>,
) => Promise<unknown>

/** When a recording ends by itself. */
export interface RecordingLimits {
  readonly seconds: number
  readonly packets: number
  /** Bytes kept of every packet. */
  readonly snapBytes: number
}

/** Where the file goes, and who may end the recording early. */
export interface Recording {
  write(bytes: Uint8Array): Promise<void>
  readonly signal: AbortSignal
}

/** How a recording went. */
export interface RecordingSummary {
  readonly captured: number
  readonly dropped: number
}

interface Batch extends RecordingSummary {
  readonly records: Uint8Array
  readonly isOver: boolean
}

/** Records until a limit is reached or the signal is given. */
export async function recordTrace(
  ask: TraceRequest,
  limits: RecordingLimits,
  recording: Recording,
): Promise<RecordingSummary> {
  const { id, linkType } = startedIn(await ask('trace/start', { ...limits }))
  await recording.write(pcapHeader(linkType, limits.snapBytes))
  let batch: Batch
  try {
    do {
      // The node takes its time for an answer, so that this does not ask in a circle.
      batch = batchIn(await ask('trace/read', { id }))
      await recording.write(batch.records)
    } while (!batch.isOver && !recording.signal.aborted)
  } finally {
    batch = batchIn(await ask('trace/stop', { id }))
  }
  await recording.write(batch.records)
  return { captured: batch.captured, dropped: batch.dropped }
}

function startedIn(reply: unknown): { readonly id: number; readonly linkType: number } {
  const { id, linkType } = (reply ?? {}) as Readonly<Record<string, unknown>>
  if (typeof id === 'number' && typeof linkType === 'number') return { id, linkType }
  throw unexpected()
}

function batchIn(reply: unknown): Batch {
  const { records, isOver, captured, dropped } = (reply ?? {}) as Readonly<Record<string, unknown>>
  const { base64 } = (records ?? {}) as Readonly<Record<string, unknown>>
  if (typeof base64 !== 'string' || typeof captured !== 'number' || typeof dropped !== 'number')
    throw unexpected()
  return { records: Buffer.from(base64, 'base64'), isOver: isOver === true, captured, dropped }
}

function unexpected(): NodeError {
  return new NodeError({ code: 'RPC_FAULT', message: 'the node gave an answer of another kind' })
}

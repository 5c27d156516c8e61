/** Requests of the control socket that record the packets of a virtual network. */
import { concatBytes } from '@ipop/codec'
import type { Runtime } from '@ipop/runtime'
import { NodeError } from '../../errors.ts'
import {
  TRACE_FULL_BATCH_BYTES,
  TRACE_PACKETS_MAX,
  TRACE_PERIOD_MS,
  TRACE_REMAINDER_BYTES_MAX,
  TRACE_SECONDS_MAX,
  TRACE_SNAP_BYTES_MAX,
} from '../../limits.ts'
import type { ManagedNode, TraceBatch, PacketTrace } from '../../services.ts'
import type { ControlRoutes } from './control-server.ts'
import type { JsonObject } from './json.ts'

interface Running {
  readonly trace: PacketTrace
  /** Whether more waited than one answer takes. */
  hasMore: boolean
}

/** Returns the requests that record packets of the node that `pick` chooses. */
export function traceRoutes(
  runtime: Pick<Runtime, 'clock' | 'timers'>,
  pick: (body: JsonObject) => ManagedNode,
): ControlRoutes {
  const running = new Map<number, Running>()
  let lastId = 0
  const find = (body: JsonObject) => {
    const id = numberIn(body, 'id', 1, Number.MAX_SAFE_INTEGER)
    const found = running.get(id)
    if (found === undefined) throw ended()
    return { id, found }
  }
  return {
    'trace/start': (body) => {
      const trace = startedTrace(pick(body), body)
      // What somebody left behind has ended, or this one could not have begun.
      for (const [id, each] of running) if (each.trace === trace) running.delete(id)
      running.set((lastId += 1), { trace, hasMore: false })
      return Promise.resolve({ id: lastId, linkType: trace.linkType })
    },
    'trace/read': async (body) => {
      const { id, found } = find(body)
      if (!found.hasMore) await pause(runtime)
      // The wait was long enough for another to end it.
      const batch = running.has(id) ? found.trace.drain() : undefined
      if (batch === undefined) throw ended()
      found.hasMore = batch.records.length >= TRACE_FULL_BATCH_BYTES
      return batch
    },
    'trace/stop': (body) => {
      const { id, found } = find(body)
      running.delete(id)
      const last = remainderOf(found.trace)
      found.trace.stop()
      return Promise.resolve(last)
    },
  }
}

function pause({ clock, timers }: Pick<Runtime, 'clock' | 'timers'>): Promise<void> {
  return new Promise((resolve) => {
    timers.at(clock.now() + TRACE_PERIOD_MS, 'trace read', () => resolve())
  })
}

function startedTrace(node: ManagedNode, body: JsonObject): PacketTrace {
  const limits = {
    snapBytes: numberIn(body, 'snapBytes', 1, TRACE_SNAP_BYTES_MAX),
    packetsMax: numberIn(body, 'packets', 1, TRACE_PACKETS_MAX),
    durationMs: numberIn(body, 'seconds', 1, TRACE_SECONDS_MAX) * 1_000,
  }
  const { trace } = node
  if (trace === undefined)
    throw new NodeError({
      code: 'NODE_TRACE_UNAVAILABLE',
      message: 'the node takes part in no virtual network: it has no interface to record',
    })
  if (trace.start(limits)) return trace
  throw new NodeError({
    code: 'NODE_TRACE_BUSY',
    message: 'somebody else records already; only one recording at a time',
  })
}

/** Packets go on being recorded meanwhile; what is more than may wait is left. */
function remainderOf(trace: PacketTrace): TraceBatch {
  const parts: Uint8Array[] = []
  for (let bytes = 0; ;) {
    const batch = trace.drain()
    if (batch === undefined) throw ended()
    parts.push(batch.records)
    bytes += batch.records.length
    const isAll = batch.records.length < TRACE_FULL_BATCH_BYTES
    if (isAll || bytes >= TRACE_REMAINDER_BYTES_MAX)
      return { ...batch, records: concatBytes(...parts), isOver: true }
  }
}

function numberIn(body: JsonObject, name: string, min: number, max: number): number {
  const value = body[name]
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max)
    return value
  throw new NodeError({
    code: 'RPC_BAD_ARGUMENTS',
    message: `'${name}' is not a whole number from ${min} to ${max}`,
  })
}

function ended(): NodeError {
  return new NodeError({ code: 'NODE_TRACE_UNAVAILABLE', message: 'this recording has ended' })
}

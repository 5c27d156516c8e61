/** Recording packets: the requests of the control socket, and the file that comes of them. */
import { describe, expect, it } from '@jest/globals'
import { createNodeRuntime } from '@ipop/runtime/node'
import { silentLog } from '@ipop/runtime'
import { TRACE_FULL_BATCH_BYTES, TRACE_REMAINDER_BYTES_MAX } from '../../src/limits.ts'
import { parseJsonObject, toJson } from '../../src/management/control/json.ts'
import { traceRoutes } from '../../src/management/control/trace-routes.ts'
import type { ManagedNode, TraceBatch, TraceLimits, PacketTrace } from '../../src/services.ts'
import { pcapHeader } from '../../src/trace/pcap.ts'
import { recordTrace } from '../../src/trace/record-trace.ts'

const LIMITS = { seconds: 60, packets: 1_000, snapBytes: 256 }
/** A record as the data plane makes it: 1,700,000,001.000001 s, 4 of 6 bytes. */
const RECORD = '01f1536501000000040000000600000001020304'

class FakeTrace implements PacketTrace {
  readonly linkType = 101
  limits: TraceLimits | undefined
  readonly batches: Uint8Array[] = []
  isOver = false

  start(limits: TraceLimits): boolean {
    if (this.limits !== undefined) return false
    this.limits = limits
    return true
  }
  drain(): TraceBatch | undefined {
    const records = this.batches.shift() ?? new Uint8Array(0)
    const isOver = this.isOver && this.batches.length === 0
    return this.limits && { records, isOver, captured: 7, dropped: 2 }
  }
  stop(): void {
    this.limits = undefined
  }
}

describe('recordTrace', () => {
  it('writes the head, every record and the rest', async () => {
    const { trace, ask } = served()
    trace.batches.push(record())
    const ending = new AbortController()
    const written: string[] = []
    const write = (bytes: Uint8Array) => {
      if (written.push(Buffer.from(bytes).toString('hex')) === 2) {
        expect(trace.limits).toEqual({ snapBytes: 256, packetsMax: 1_000, durationMs: 60_000 })
        trace.batches.push(record())
        ending.abort()
      }
      return Promise.resolve()
    }
    const summary = await recordTrace(ask, LIMITS, { write, signal: ending.signal })
    expect(written.join('')).toBe(
      `d4c3b2a1020004000000000000000000${'00010000'}${'65000000'}${RECORD}${RECORD}`,
    )
    expect(summary).toEqual({ captured: 7, dropped: 2 })
    expect(trace.limits).toBeUndefined()
  })

  it('ends with the node’s limits, and gives the interface back when the file cannot be written', async () => {
    const { trace, ask } = served()
    trace.isOver = true
    const { signal } = new AbortController()
    await recordTrace(ask, LIMITS, { write: () => Promise.resolve(), signal })
    expect(trace.limits).toBeUndefined()
    const full = { write: failing(), signal }
    await expect(recordTrace(ask, LIMITS, full)).rejects.toThrow('no space')
    expect(trace.limits).toBeUndefined()
  })
})

describe('the requests', () => {
  it('let only one record at a time', async () => {
    const { ask } = served()
    const { id } = (await ask('trace/start', LIMITS)) as { id: number }
    await expect(ask('trace/start', LIMITS)).rejects.toMatchObject({ code: 'NODE_TRACE_BUSY' })
    await ask('trace/stop', { id })
    await expect(ask('trace/read', { id })).rejects.toMatchObject({
      code: 'NODE_TRACE_UNAVAILABLE',
    })
    await ask('trace/start', LIMITS)
  })

  it('tell one recording from the one that took its place', async () => {
    const { trace, ask } = served()
    const { id } = (await ask('trace/start', LIMITS)) as { id: number }
    trace.stop()
    await ask('trace/start', LIMITS)
    await expect(ask('trace/stop', { id })).rejects.toThrow('has ended')
    expect(trace.limits).toBeDefined()
  })

  it('say that a node has no virtual network', async () => {
    const { ask } = served({})
    await expect(ask('trace/start', LIMITS)).rejects.toThrow('no virtual network')
  })

  it.each([
    { ...LIMITS, seconds: 0 },
    { ...LIMITS, seconds: 3_601 },
    { ...LIMITS, packets: 1.5 },
    { ...LIMITS, snapBytes: 65_520 },
    { seconds: 1, packets: 1 },
  ])('refuse %j', async (limits) => {
    await expect(served().ask('trace/start', limits)).rejects.toMatchObject({
      code: 'RPC_BAD_ARGUMENTS',
    })
  })

  it('give at the end no more than what may wait', async () => {
    const { trace, ask } = served()
    const { id } = (await ask('trace/start', LIMITS)) as { id: number }
    const count = 2 * (TRACE_REMAINDER_BYTES_MAX / TRACE_FULL_BATCH_BYTES)
    for (let i = 0; i < count; i++) trace.batches.push(new Uint8Array(TRACE_FULL_BATCH_BYTES))
    const last = (await ask('trace/stop', { id })) as { records: { base64: string } }
    expect(Buffer.from(last.records.base64, 'base64')).toHaveLength(TRACE_REMAINDER_BYTES_MAX)
  })
})

describe('pcapHeader', () => {
  it('names Ethernet frames, too', () => {
    const hex = 'd4c3b2a10200040000000000000000006000000001000000'
    expect(Buffer.from(pcapHeader(1, 96)).toString('hex')).toBe(hex)
  })
})

function record(): Uint8Array {
  return Uint8Array.from(Buffer.from(RECORD, 'hex'))
}

/** Returns requests to a node, as they pass through JSON. */
function served(given?: Partial<ManagedNode>) {
  const trace = new FakeTrace()
  const runtime = createNodeRuntime({ log: silentLog })
  const routes = traceRoutes(runtime, () => (given ?? { trace }) as ManagedNode)
  const ask = async (name: string, body: Readonly<Record<string, unknown>>): Promise<unknown> => {
    const route = routes[name]
    const request = parseJsonObject(new TextEncoder().encode(JSON.stringify(body)))
    if (route === undefined || request instanceof Error || 'reason' in request)
      throw new Error(name)
    return JSON.parse(toJson(await Promise.resolve().then(() => route(request))))
  }
  return { trace, ask }
}

function failing() {
  let writes = 0
  return () => ((writes += 1) > 1 ? Promise.reject(new Error('no space')) : Promise.resolve())
}

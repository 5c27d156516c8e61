/** `ipop trace`: records the packets of the virtual interface into a pcap file. */
import { open } from 'node:fs/promises'
import { NodeError, recordTrace, type TraceRequest } from '@ipop/node/tools'

/** The options of the command. */
export interface TraceOptions {
  readonly pcap: string
  readonly seconds: number
  readonly packets: number
  readonly snap: number
}

interface Sink {
  write(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Records into the file until a limit is reached or the user ends it, and says how much it was. */
export async function traceInto(
  { pcap, seconds, packets, snap }: TraceOptions,
  ask: TraceRequest,
): Promise<void> {
  const sink = pcap === '-' ? standardOutput() : await fileAt(pcap)
  const ending = new AbortController()
  const end = () => ending.abort()
  process.once('SIGINT', end).once('SIGTERM', end)
  try {
    const limits = { seconds, packets, snapBytes: snap }
    const recording = { write: (bytes: Uint8Array) => sink.write(bytes), signal: ending.signal }
    const { captured, dropped } = await recordTrace(ask, limits, recording)
    process.stderr.write(`${captured} packets recorded, ${dropped} dropped\n`)
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end)
    await sink.close()
  }
}

async function fileAt(file: string): Promise<Sink> {
  const handle = await open(file, 'w').catch((error: unknown) => {
    throw unwritable(file, error)
  })
  return {
    write: async (bytes) => {
      await handle.writeFile(bytes).catch((error: unknown) => {
        throw unwritable(file, error)
      })
    },
    close: () => handle.close(),
  }
}

function standardOutput(): Sink {
  // Who reads may go; the failed write says so.
  process.stdout.on('error', () => undefined)
  const write = (bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      process.stdout.write(bytes, (error) =>
        error ? reject(unwritable('standard output', error)) : resolve(),
      )
    })
  return { write, close: () => Promise.resolve() }
}

function unwritable(name: string, error: unknown): NodeError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  return new NodeError({ code: 'RPC_BAD_ARGUMENTS', message: `${name} cannot be written: ${code}` })
}

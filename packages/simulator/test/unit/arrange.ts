/** Builders shared by the simulator's tests. */
import type { DatagramHandlers, DatagramSocket, Endpoint } from '@ipop/runtime'
import type { Host } from '../../src/index.ts'

/** A datagram that arrived. */
export interface Arrival {
  at: number
  text: string
  from: Endpoint
}

/** Handlers that ignore everything. */
export const ignore: DatagramHandlers = { onDatagram: () => undefined, onError: () => undefined }

/** A socket and what arrived at it. */
export interface Recorder {
  socket: DatagramSocket
  arrivals: Arrival[]
  /** Sends text. */
  say(text: string, to: Endpoint): void
}

/** Binds a socket that records what arrives. */
export async function record(host: Host, port = 0, bound = '0.0.0.0'): Promise<Recorder> {
  const { clock, datagrams } = host.runtime
  const arrivals: Arrival[] = []
  const socket = await datagrams.bind(
    { host: bound, port },
    {
      ...ignore,
      onDatagram: (bytes, from) => arrivals.push({ at: clock.now(), text: textOf(bytes), from }),
    },
  )
  return { socket, arrivals, say: (text, to) => socket.send(bytesOf(text), to) }
}

/** Returns the texts that arrived. */
export function texts(recorder: Recorder): string[] {
  return recorder.arrivals.map((arrival) => arrival.text)
}

/** Returns text as bytes. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Returns bytes as text. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

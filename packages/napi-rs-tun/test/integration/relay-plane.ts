/** A relay between the two ends of a laboratory, a plane of its own beside that of one end. */
import { type DataPlane, openDataPlane } from '../../src/index.ts'

/** The relay's port; the ends have 4000. */
export const RELAY_PORT = 5000

/** Returns the relay's number of the channel that an end sends on. */
export function sendChannelOf(own: number): number {
  return 10 + own
}

/** Returns an end's number of the channel that it receives on. */
export function receiveChannelOf(own: number): number {
  return 20 + own
}

/** Opens a relay between the ends at `hosts`; what it leaves to JavaScript goes to `log`. */
export async function openRelay(
  hosts: readonly [string, string],
  log: (text: string) => void,
): Promise<DataPlane> {
  const plane = openDataPlane({
    handlers: {
      onFrame: (index) => log(`relay frame ${index}`),
      onStrayPacket: (index) => log(`relay stray ${index}`),
      onConfirmed: (index) => log(`relay confirmed ${index}`),
      onMoved: (index) => log(`relay moved ${index}`),
    },
  })
  const { id: socket } = await plane.bind(
    { host: hosts[0].includes(':') ? '::' : '0.0.0.0', port: RELAY_PORT },
    {
      onDatagram: (bytes) => log(`relay datagram ${bytes.length}`),
      onError: (error) => log(String(error)),
    },
  )
  const ends = hosts.map((host) => ({ socket, host, port: 4000 }))
  for (const [i, owner] of ends.entries()) {
    const next = ends[1 - i] ?? owner
    const [channel, nextChannel] = [sendChannelOf(i + 1), receiveChannelOf(2 - i)]
    const quota = { bytesPerSecond: Infinity, burstBytes: Infinity }
    plane.installRelay({ channel, owner, next, nextChannel, ...quota })
  }
  return plane
}

/** What tests of planes without an interface have in common. */
import type { SessionRow } from '../../src/index.ts'

/** Returns the bytes that `hex` writes. */
export function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

/** Returns one end of a session with peer 1; the other end has the indexes the other way round. */
export function session(localIndex: number, remoteIndex: number): SessionRow {
  const [low, high] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const isLow = localIndex < remoteIndex
  const cipher = 'chacha20-poly1305'
  const keys = { sendKey: isLow ? low : high, receiveKey: isLow ? high : low }
  return { localIndex, remoteIndex, peer: 1, cipher, ...keys }
}

/** Waits until `isDone`, but not for ever. */
export async function until(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && !isDone(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The native data plane against the TypeScript that shares the wire with it: vectors, then random exchanges. */
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from '@jest/globals'
import { fromHex, toHex } from '@ipop/codec'
import { TransportKey, type TransportKeyParts } from '@ipop/security'
import { SeededRandom } from '@ipop/simulator'
import { type DataPlane, openDataPlane, type SessionRow } from 'napi-rs-tun'
import { commonCiphers } from '../../src/dataplane/cipher-check.ts'

const PEER = 7
const EXCHANGES = 100_000
const VECTORS = new URL('../../../security/test/vectors/transport-data.json', import.meta.url)

interface Vector {
  readonly cipher: SessionRow['cipher']
  readonly key: string
  readonly receiverIndex: number
  readonly counter: string
  readonly plaintext: string
  readonly datagram: string
}

const plane = openIfBuilt()
if (!plane) console.warn('The native data plane is not tested: the addon is not built.')
const describeIfBuilt = plane ? describe : describe.skip

describeIfBuilt('the native data plane', () => {
  const { vectors } = JSON.parse(readFileSync(VECTORS, 'utf8')) as { vectors: Vector[] }

  afterAll(() => native().close())

  it('has both ciphers in common with JavaScript', () => {
    expect(commonCiphers(native())).toEqual([1, 2])
  })

  it.each(vectors)('$cipher, counter $counter', (vector) => {
    const key = fromHex(vector.key)
    const index = vector.receiverIndex
    install({
      cipher: vector.cipher,
      localIndex: index,
      remoteIndex: index,
      sendKey: key,
      receiveKey: key,
      sentCount: Number(vector.counter),
    })
    const opened = native().open(fromHex(vector.datagram))
    expect(opened && toHex(opened.bytes)).toBe(vector.plaintext)
    expect(native().open(fromHex(vector.datagram))).toBeUndefined()
    expect(toHex(native().seal(index, fromHex(vector.plaintext)) ?? new Uint8Array())).toBe(
      vector.datagram,
    )
    native().removePeer(PEER)
  })

  it.each(['chacha20-poly1305', 'aes-256-gcm'] as const)(
    `exchanges ${EXCHANGES / 2} frames each way with JavaScript, %s`,
    (cipher) => {
      const random = new SeededRandom(`exchange ${cipher}`)
      const [first, second] = [random.bytes(32), random.bytes(32)]
      install({ cipher, localIndex: 1, remoteIndex: 2, sendKey: first, receiveKey: second })
      const ends = { localIndex: 2, remoteIndex: 1, sendKey: second.slice(), receiveKey: first }
      const script = new TransportKey({ cipher, ...ends, ...SCRIPT })
      const pool = random.bytes(4_096)
      let failures = 0
      for (let i = 0; i < EXCHANGES / 2; i++) {
        const start = random.below(pool.length)
        // Mostly short frames: the lengths around block borders are where implementations differ.
        const frame = pool.subarray(start, start + random.below(i % 64 === 0 ? 1_500 : 80))
        const up = script.seal(frame, 0)
        const down = native().seal(1, frame)
        const atPlane = up && native().open(up)?.bytes
        const atScript = down && script.open(down, 0)
        if (!isSame(atPlane, frame) || !isSame(atScript, frame)) failures += 1
      }
      expect(failures).toBe(0)
      native().removePeer(PEER)
    },
    60_000,
  )
})

const SCRIPT: Pick<TransportKeyParts, 'createdAt' | 'isInitiator' | 'paddingMultiple'> = {
  createdAt: 0,
  isInitiator: true,
  paddingMultiple: 1,
}

function openIfBuilt(): DataPlane | undefined {
  const nothing = () => undefined
  const handlers = {
    onFrame: nothing,
    onStrayPacket: nothing,
    onConfirmed: nothing,
    onMoved: nothing,
  }
  try {
    return openDataPlane({ handlers })
  } catch {
    return undefined
  }
}

function native(): DataPlane {
  if (!plane) throw new Error('the addon is not built')
  return plane
}

function install(row: Omit<SessionRow, 'peer'>): void {
  native().installPeer({ peer: PEER, takesPartialChecksum: false, datagramBytesMax: 1_472 })
  native().installSession({ ...row, peer: PEER })
}

function isSame(bytes: Uint8Array | undefined, expected: Uint8Array): boolean {
  return bytes !== undefined && Buffer.compare(bytes, expected) === 0
}

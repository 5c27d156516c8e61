/** Asks a plane whether it seals and opens as this code does, before any session depends on it. */
import { CIPHER_AES_256_GCM, CIPHER_CHACHA20_POLY1305, TransportKey } from '@ipop/security'
import type { Plane } from './plane.ts'

const CIPHERS = [
  ['chacha20-poly1305', CIPHER_CHACHA20_POLY1305],
  ['aes-256-gcm', CIPHER_AES_256_GCM],
] as const

/** A peer number that no other peer has. */
const PEER = 0
const PLANE_INDEX = 1
const SCRIPT_INDEX = 2

/**
 * Returns the capability numbers of the ciphers that `plane` and this code understand alike; an old addon may lack one.
 * AES is not offered where the processor would need a hundred instructions for one of its rounds.
 */
export function commonCiphers(plane: Plane): number[] {
  const wanted = CIPHERS.filter(([cipher]) => cipher !== 'aes-256-gcm' || plane.hasFastAes)
  return wanted.flatMap(([cipher, number]) => (isAlike(plane, cipher) ? [number] : []))
}

function isAlike(plane: Plane, cipher: (typeof CIPHERS)[number][0]): boolean {
  const [first, second] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const script = new TransportKey({
    cipher,
    localIndex: SCRIPT_INDEX,
    remoteIndex: PLANE_INDEX,
    sendKey: first,
    receiveKey: second,
    isInitiator: true,
    createdAt: 0,
    paddingMultiple: 1,
  })
  plane.installPeer({ peer: PEER, takesPartialChecksum: false, datagramBytesMax: 0 })
  try {
    plane.installSession({
      localIndex: PLANE_INDEX,
      remoteIndex: SCRIPT_INDEX,
      peer: PEER,
      cipher,
      sendKey: second,
      receiveKey: first,
    })
    // Counter zero has the same nonce in every byte order; the second message tells.
    return [1, 2].every((byte) => {
      const frame = Uint8Array.of(byte)
      const up = script.seal(frame, 0)
      const down = plane.seal(PLANE_INDEX, frame)
      const isOpenedHere = down && script.open(down, 0)?.[0] === byte
      return isOpenedHere === true && up && plane.open(up)?.bytes[0] === byte
    })
  } finally {
    plane.removePeer(PEER)
  }
}

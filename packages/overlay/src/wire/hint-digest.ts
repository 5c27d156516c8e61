/** A number that stands for a hint between two ends that both have it: FNV-1a of its bytes, 32 bits. */
import type { PeerHint } from '@ipop/transport'
import { encodePeerHint } from '@ipop/transport'

const OFFSET_BASIS = 0x811c9dc5
const PRIME = 0x01000193

/** Returns the digest of a hint. It only has to tell a node's hint from its earlier ones: nobody else's stand beside them. */
export function hintDigest(hint: PeerHint): number {
  let digest = OFFSET_BASIS
  for (const byte of encodePeerHint(hint)) digest = Math.imul(digest ^ byte, PRIME)
  return digest >>> 0
}

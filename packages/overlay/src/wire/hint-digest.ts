/** A number by which a node sees that another one has what it said of itself: FNV-1a, 32 bits. */
import type { PeerHint } from '@ipop/transport'
import { encodePeerHint } from '@ipop/transport'

const OFFSET_BASIS = 0x811c9dc5
const PRIME = 0x01000193

/**
 * Returns the digest of a hint's bytes and, where it is given, of the incarnation's four. It only has to tell what a node says of
 * itself from what it said earlier: nobody else's word stands beside it.
 */
export function hintDigest(hint: PeerHint, incarnation?: number): number {
  let digest = OFFSET_BASIS
  for (const byte of encodePeerHint(hint)) digest = Math.imul(digest ^ byte, PRIME)
  if (incarnation === undefined) return digest >>> 0
  for (const shift of [24, 16, 8, 0])
    digest = Math.imul(digest ^ ((incarnation >>> shift) & 0xff), PRIME)
  return digest >>> 0
}

/** Path offers: vectors both ways, refusals, and any bytes at all are survived. */
import { readFileSync } from 'node:fs'
import { fromHex, Malformed, toHex } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { TransportAddress } from '@ipop/transport'
import type { NatMapping } from '../../src/nat/nat-observer.ts'
import { decodePathOffer, encodePathOffer } from '../../src/wire/path-offer.ts'

interface Vectors {
  valid: {
    mapping: NatMapping
    wantsAnswer: boolean
    isArrayOpen: boolean
    endpoints: string[]
    outside: { first: string; step: number; count: number } | null
    bytes: string
  }[]
  refused: { bytes: string; reason: string }[]
}

const vectors = JSON.parse(
  readFileSync(new URL('path-offer.json', import.meta.url), 'utf8'),
) as Vectors

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex)
  if (bytes instanceof Malformed) throw new Error(bytes.reason)
  return bytes
}

function address(text: string): TransportAddress {
  const parsed = TransportAddress.parse(text)
  if (parsed instanceof Malformed) throw new Error(parsed.reason)
  return parsed
}

describe('a path offer', () => {
  it.each(vectors.valid)('is $bytes', ({ bytes, endpoints, outside, ...rest }) => {
    const offer = {
      ...rest,
      endpoints: endpoints.map(address),
      ...(outside ? { outside: { ...outside, first: address(outside.first) } } : {}),
    }
    expect(toHex(encodePathOffer(offer))).toBe(bytes)
    const decoded = decodePathOffer(bytesOf(bytes))
    expect(decoded).toEqual(offer)
    expect(decodePathOffer(bytesOf(`${bytes}00ff`))).toEqual(offer)
  })

  it.each(vectors.refused)('is refused: $reason ($bytes)', ({ bytes, reason }) => {
    expect(decodePathOffer(bytesOf(bytes))).toEqual(new Malformed(reason))
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        decodePathOffer(Uint8Array.of(7, ...bytes))
      }),
      { seed: 1, numRuns: 500 },
    )
  })
})

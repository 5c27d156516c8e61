/** LAN discovery: vectors both ways, the tag of a namespace, refusals, and any bytes at all are survived. */
import { readFileSync } from 'node:fs'
import { fromHex, Malformed, toHex } from '@ipop/codec'
import { lanTag } from '@ipop/transport'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  decodeLanMessage,
  encodeLanMessage,
  type LanMessage,
} from '../../src/wire/lan-discovery.ts'

interface Vectors {
  valid: (Pick<LanMessage, 'kind' | 'udpPort' | 'tcpPort'> & { nonce: string; bytes: string })[]
  refused: { bytes: string; reason: string }[]
}

const vectors = JSON.parse(
  readFileSync(new URL('lan-discovery.json', import.meta.url), 'utf8'),
) as Vectors

describe('a message of LAN discovery', () => {
  it.each(vectors.valid)('is $bytes', ({ bytes, nonce, ...rest }) => {
    const message = { ...rest, nonce: bytesOf(nonce), tag: lanTag('demo') }
    expect(toHex(encodeLanMessage(message))).toBe(bytes.replaceAll(' ', ''))
    expect(decodeLanMessage(bytesOf(bytes))).toEqual(message)
    expect(decodeLanMessage(bytesOf(`${bytes}00ff`))).toEqual(message)
  })

  it.each(vectors.refused)('is refused: $reason ($bytes)', ({ bytes, reason }) => {
    expect(decodeLanMessage(bytesOf(bytes))).toEqual(new Malformed(reason))
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        decodeLanMessage(Uint8Array.of(0x69, 0x70, 0x6f, 0x70, 1, ...bytes))
      }),
      { seed: 1, numRuns: 500 },
    )
  })
})

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex.replaceAll(' ', ''))
  if (bytes instanceof Malformed) throw new Error(bytes.reason)
  return bytes
}

/** Reach checks: vectors both ways, refusals, and any bytes at all are survived. */
import { readFileSync } from 'node:fs'
import { fromHex, Malformed, toHex } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { TransportAddress } from '@ipop/transport'
import { REACH_PROBE_BYTES_MAX } from '../../src/reach/limits.ts'
import {
  decodeReachMessage,
  encodeReachMessage,
  type ReachMessage,
} from '../../src/wire/reach-check.ts'

interface Vectors {
  valid: { message: Record<string, string | number>; bytes: string }[]
  refused: { bytes: string; reason: string }[]
}

const vectors = JSON.parse(
  readFileSync(new URL('reach-check.json', import.meta.url), 'utf8'),
) as Vectors

describe('a message of a reach check', () => {
  it.each(vectors.valid)('is $bytes', ({ message, bytes }) => {
    const expected = messageOf(message)
    expect(toHex(encodeReachMessage(expected))).toBe(bytes)
    expect(decodeReachMessage(bytesOf(bytes))).toEqual(expected)
    if (expected.kind !== 'carry')
      expect(decodeReachMessage(bytesOf(`${bytes}00ff`))).toEqual(expected)
  })

  it.each(vectors.refused)('is refused: $reason ($bytes)', ({ bytes, reason }) => {
    expect(decodeReachMessage(bytesOf(bytes))).toEqual(new Malformed(reason))
  })

  it('carries no long datagram', () => {
    const to = TransportAddress.udp({ host: '192.0.2.1', port: 4000 })
    const carry = (length: number) =>
      decodeReachMessage(
        encodeReachMessage({ kind: 'carry', to, datagram: new Uint8Array(length) }),
      )
    expect(carry(REACH_PROBE_BYTES_MAX)).toMatchObject({ kind: 'carry' })
    expect(carry(REACH_PROBE_BYTES_MAX + 1)).toEqual(new Malformed('reach check: datagram length'))
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        decodeReachMessage(Uint8Array.of(8, ...bytes))
      }),
      { seed: 1, numRuns: 500 },
    )
  })
})

function messageOf(fields: Record<string, string | number>): ReachMessage {
  const { to, by, datagram, ...rest } = fields
  const address = (text: string | number | undefined) => {
    const parsed = TransportAddress.parse(String(text))
    if (parsed instanceof Malformed) throw new Error(parsed.reason)
    return parsed
  }
  return {
    ...rest,
    ...(to === undefined ? {} : { to: address(to) }),
    ...(by === undefined ? {} : { by: address(by) }),
    ...(datagram === undefined ? {} : { datagram: bytesOf(String(datagram)) }),
  } as ReachMessage
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex)
  if (bytes instanceof Malformed) throw new Error(bytes.reason)
  return bytes
}

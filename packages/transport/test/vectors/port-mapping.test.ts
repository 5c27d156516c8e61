/** PCP and NAT-PMP: vectors both ways, refusals, and any bytes at all are survived. */
import { readFileSync } from 'node:fs'
import { fromHex, Malformed, toHex } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  decodeNatPmpResponse,
  encodeNatPmpAddressRequest,
  encodeNatPmpMap,
} from '../../src/wire/nat-pmp.ts'
import { decodePcpResponse, encodePcpAnnounce, encodePcpMap } from '../../src/wire/pcp.ts'

interface Answer {
  bytes: string
  event: Record<string, unknown>
}
interface Vectors {
  requests: { name: string; bytes: string }[]
  pcp: Answer[]
  pcpRefused: { bytes: string; reason: string }[]
  natPmp: Answer[]
  natPmpRefused: { bytes: string; reason: string }[]
}

const vectors = JSON.parse(
  readFileSync(new URL('port-mapping.json', import.meta.url), 'utf8'),
) as Vectors
const nonce = bytesOf('0102030405060708090a0b0c')
const client = '192.168.50.2'
const wish = { port: 40_000, externalPort: 40_000, lifetimeSeconds: 1_800 }
const removal = { port: 40_000, externalPort: 0, lifetimeSeconds: 0 }

describe('the requests of port mapping', () => {
  const made: Record<string, Uint8Array> = {
    'PCP announce': encodePcpAnnounce(client),
    'PCP map UDP 40000': encodePcpMap({ ...wish, kind: 'udp', client, nonce }),
    'PCP unmap TCP 40000': encodePcpMap({ ...removal, kind: 'tcp', client, nonce }),
    'NAT-PMP address': encodeNatPmpAddressRequest(),
    'NAT-PMP map UDP 40000': encodeNatPmpMap({ ...wish, kind: 'udp' }),
    'NAT-PMP unmap TCP 40000': encodeNatPmpMap({ ...removal, kind: 'tcp' }),
  }

  it.each(vectors.requests)('$name is $bytes', ({ name, bytes }) => {
    expect(toHex(made[name] ?? new Uint8Array())).toBe(bytes.replaceAll(' ', ''))
  })
})

describe.each([
  ['pcp', decodePcpResponse, vectors.pcp, vectors.pcpRefused],
  ['nat-pmp', decodeNatPmpResponse, vectors.natPmp, vectors.natPmpRefused],
] as const)('a response of %s', (_name, decode, valid, refused) => {
  it.each(valid)('is read: $bytes', ({ bytes, event }) => {
    const { nonce: nonceHex, ...rest } = event
    const expected = nonceHex === undefined ? rest : { ...rest, nonce: bytesOf(nonceHex as string) }
    expect(decode(bytesOf(bytes))).toEqual(expected)
  })

  it.each(refused)('is refused: $reason ($bytes)', ({ bytes, reason }) => {
    expect(decode(bytesOf(bytes))).toEqual(new Malformed(reason))
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        decode(bytes)
        decode(Uint8Array.of(2, 129, ...bytes))
        decode(Uint8Array.of(0, 129, ...bytes))
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

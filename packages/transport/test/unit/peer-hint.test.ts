/** Hints that are remembered: never others than their bytes say. */
import { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import { type PeerHint, TransportAddress } from '../../src/index.ts'
import { decodePeerHint, encodePeerHint } from '../../src/wire/peer-hint.ts'

describe('decodePeerHint', () => {
  it('gives the same object for equal bytes and another for others', () => {
    const bytes = encodePeerHint(hint(1))
    const first = decodePeerHint(bytes.slice())
    expect(decodePeerHint(bytes.slice())).toBe(first)
    expect(decodePeerHint(encodePeerHint(hint(2)))).not.toEqual(first)
    expect(decodePeerHint(bytes.subarray(0, 40))).toBeInstanceOf(Malformed)
  })

  it('owns what it returns: the bytes may be used again', () => {
    const bytes = encodePeerHint(hint(3)).slice()
    const decoded = decodePeerHint(bytes)
    bytes.fill(0xdb)
    expect(decoded).toEqual(hint(3))
  })
})

function hint(number: number): PeerHint {
  const address = Address.fromBytes(new Uint8Array(20).fill(2 * number))
  const endpoint = { host: '10.1.2.3', port: 1_000 + number }
  const sessionKey = new Uint8Array(32).fill(number)
  return { address, sessionKey, endpoints: [TransportAddress.udp(endpoint)] }
}

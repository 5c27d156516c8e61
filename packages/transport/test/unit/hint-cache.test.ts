/** Hints that are remembered: bounded, and never another than their bytes say. */
import { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import { type PeerHint, TransportAddress } from '../../src/index.ts'
import { HintCache } from '../../src/wire/hint-cache.ts'
import { decodePeerHint, encodePeerHint } from '../../src/wire/peer-hint.ts'

describe('HintCache', () => {
  it('keeps what is used and forgets what is not, within its cap', () => {
    const cache = new HintCache(8)
    cache.add('used', hint(0))
    for (let number = 1; number <= 40; number++) {
      cache.add(`hint ${number}`, hint(number))
      expect(cache.size).toBeLessThanOrEqual(8)
      expect(cache.get('used')?.endpoints[0]?.port).toBe(1_000)
    }
    expect(cache.get('hint 1')).toBeUndefined()
    expect(cache.get('hint 40')?.endpoints[0]?.port).toBe(1_040)
  })
})

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

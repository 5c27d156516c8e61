/** What was decoded is remembered within a cap. */
import { describe, expect, it } from '@jest/globals'
import { DecodeCache } from '../../src/index.ts'

describe('DecodeCache', () => {
  it('keeps what is used and forgets what is not, within its cap', () => {
    const cache = new DecodeCache<string>(8)
    cache.set(bytesOf(0), 'used')
    for (let number = 1; number <= 40; number++) {
      cache.set(bytesOf(number), `value ${number}`)
      expect(cache.size).toBeLessThanOrEqual(8)
      expect(cache.get(bytesOf(0))).toBe('used')
    }
    expect(cache.get(bytesOf(1))).toBeUndefined()
    expect(cache.get(bytesOf(40))).toBe('value 40')
  })

  it('tells bytes of different lengths and values apart, and does not keep the array', () => {
    const cache = new DecodeCache<string>(8)
    const bytes = Uint8Array.of(1, 2)
    cache.set(bytes, 'two')
    bytes.fill(9)
    expect(cache.get(Uint8Array.of(1, 2))).toBe('two')
    expect(cache.get(Uint8Array.of(1, 2, 0))).toBeUndefined()
    expect(cache.get(bytes)).toBeUndefined()
  })
})

function bytesOf(number: number): Uint8Array {
  return Uint8Array.of(number, 255 - number)
}

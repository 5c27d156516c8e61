/** Where keys live, and who a node takes for responsible. */
import { Address, distance, offset } from '@ipop/address'
import { fromHex, toHex } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { hashKey, replicaPositions } from '../../src/index.ts'
import { Neighborhood } from '../../src/placement/neighborhood.ts'

describe('the positions of a key', () => {
  it('start at its hash without the class bit and divide the ring by eight', () => {
    const hash = hashKey('abc')
    expect(toHex(hash)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    const positions = replicaPositions(hash)
    expect(toHex(positions[0]?.bytes ?? new Uint8Array())).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a2',
    )
    expect(positions.length).toBe(8)
    for (const [i, position] of positions.entries()) {
      expect(position.addressClass()).toBe(0)
      const next = positions[(i + 1) % 8]
      expect(next && distance(position, next).toFraction()).toBe(1 / 8)
    }
    expect(hashKey(fromHex('616263'))).toEqual(hash)
  })
})

describe('a neighbourhood', () => {
  it('knows everything in a ring of one', () => {
    const self = at(5)
    const hood = new Neighborhood(self, { left: [], right: [] })
    expect(hood.isAlone).toBe(true)
    expect(hood.covers(at(70))).toBe(true)
    expect(hood.nearest(at(70))).toBe(self)
    expect(hood.heir(at(70))).toBeUndefined()
    expect(hood.adjacent).toEqual([])
  })

  it('covers the way between the outermost neighbours and nothing else', () => {
    const hood = new Neighborhood(at(50), { left: [at(52), at(60)], right: [at(49), at(40)] })
    for (const place of [40, 45, 50, 55, 60])
      expect([place, hood.covers(at(place))]).toEqual([place, true])
    for (const place of [39, 61, 0, 99])
      expect([place, hood.covers(at(place))]).toEqual([place, false])
    expect(hood.nearest(at(56.5))).toEqual(at(60))
    expect(hood.heir(at(50))).toEqual(at(49))
    expect(hood.rank(at(52))).toBe(1)
    expect(hood.adjacent).toEqual([at(52), at(49)])
  })

  it('covers the whole ring when it is small enough to know everybody', () => {
    const hood = new Neighborhood(at(0), { left: [at(30), at(60)], right: [at(60), at(30)] })
    for (let place = 0; place < 100; place += 5) expect(hood.covers(at(place))).toBe(true)
    const pair = new Neighborhood(at(0), { left: [at(30)], right: [at(30)] })
    expect(pair.adjacent).toEqual([at(30)])
    expect(pair.covers(at(80))).toBe(true)
  })

  it('has a range that holds exactly what it is nearest to', () => {
    const place = fc.integer({ min: 0, max: 999 })
    fc.assert(
      fc.property(
        fc.uniqueArray(place, { minLength: 3, maxLength: 3 }),
        place,
        (places, target) => {
          const [self, left, right] = [...places].sort((a, b) => a - b) as [number, number, number]
          const near = {
            left: [thousandth(left), thousandth(right)],
            right: [thousandth(right), thousandth(left)],
          }
          const hood = new Neighborhood(thousandth(self), near)
          const { from, to } = hood.range()
          const position = offset(thousandth(target), 1, 7_919)
          const isInside = within(position, from, to)
          expect(hood.nearest(position).equals(thousandth(self))).toBe(isInside)
        },
      ),
    )
  })
})

function at(percent: number): Address {
  return offset(Address.zero, Math.round(percent * 1_000), 100_000)
}

function thousandth(place: number): Address {
  return offset(Address.zero, place, 1_000)
}

function within(position: Address, from: Address, to: Address): boolean {
  const start = BigInt(`0x${toHex(from.bytes)}`)
  const modulus = 1n << 160n
  const way = (value: Address) => (BigInt(`0x${toHex(value.bytes)}`) - start + modulus) % modulus
  return way(position) <= way(to)
}

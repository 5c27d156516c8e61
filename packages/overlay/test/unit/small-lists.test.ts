/** Lists that stand for sets and maps of a dozen addresses. */
import { describe, expect, it } from '@jest/globals'
import { Address } from '@ipop/address'
import { SeededRandom } from '@ipop/simulator'
import { KeyList, StatedList } from '../../src/topology/small-lists.ts'

const random = new SeededRandom('lists')
const addresses = Array.from({ length: 24 }, () => Address.random(random))
const keys = addresses.map(({ key }) => key)

describe('KeyList', () => {
  it('has what the set had that it was made of, in that order', () => {
    const list = new KeyList(new Set(keys.slice(0, 12)))
    expect([...list]).toEqual(keys.slice(0, 12))
    expect(keys.filter((key) => list.has(key))).toEqual(keys.slice(0, 12))
  })

  it('tells keys apart that begin with the same letters', () => {
    const [key = ''] = keys
    const list = new KeyList([`${key.slice(0, -1)}0`])
    expect(list.has(key)).toBe(false)
    expect(list.has(`${key.slice(0, -1)}0`)).toBe(true)
  })
})

describe('StatedList', () => {
  it('gives back what it was made of', () => {
    const stated = addresses.slice(0, 5).map((address, at) => ({ address, since: at + 0.5 }))
    const list = new StatedList(stated)
    expect(list.all()).toEqual(stated)
    expect(keys.filter((key) => list.has(key))).toEqual(keys.slice(0, 5))
  })

  it('tells what holds since a time after another', () => {
    const stated = addresses.slice(0, 5).map((address, at) => ({ address, since: at }))
    expect(new StatedList(stated).after(2)).toEqual(addresses.slice(3, 5))
  })
})

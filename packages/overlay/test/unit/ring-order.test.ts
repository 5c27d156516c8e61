/** The order of the ring against a model that sorts everything anew. */
import { Address, leftDistance } from '@ipop/address'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { RingOrder } from '../../src/topology/ring-order.ts'

interface Item {
  readonly address: Address
  readonly text: string
}

const position = fc.integer({ min: 0, max: 12 })
const change = fc.record({ at: position, isAdded: fc.boolean() })

describe('RingOrder', () => {
  it('holds what was set last, in leftward order, whatever was added and removed', () => {
    fc.assert(
      fc.property(position, fc.array(change, { maxLength: 60 }), (center, changes) => {
        const { order, model } = filled(center, changes)
        expect(order.items).toEqual(leftwards(at(center), [...model.values()]))
        for (const number of Array(13).keys()) expect(order.get(at(number))).toBe(model.get(number))
      }),
    )
  })

  it('finds the nearest on both sides of any place, and never the item at the place itself', () => {
    fc.assert(
      fc.property(
        ...[
          position,
          fc.array(change, { maxLength: 60 }),
          position,
          fc.integer({ min: 1, max: 4 }),
        ],
        (center, changes, place, perSide) => {
          const { order, model } = filled(center, changes)
          const others = [...model.values()].filter(({ address }) => !address.equals(at(place)))
          const sorted = leftwards(at(place), others)
          const few = sorted.length <= 2 * perSide
          const nearest = few ? sorted : [...sorted.slice(0, perSide), ...sorted.slice(-perSide)]
          expect(order.around(at(place), perSide)).toEqual(nearest)
        },
      ),
    )
  })
})

function filled(center: number, changes: readonly { at: number; isAdded: boolean }[]) {
  const order = new RingOrder<Item>(at(center))
  const model = new Map<number, Item>()
  for (const [index, { at: number, isAdded }] of changes.entries()) {
    const item = { address: at(number), text: `item ${index}` }
    if (isAdded) {
      order.set(item)
      model.set(number, item)
    } else {
      order.delete(item.address)
      model.delete(number)
    }
  }
  return { order, model }
}

function leftwards(center: Address, items: readonly Item[]): Item[] {
  return [...items].sort((a, b) =>
    leftDistance(center, a.address).compare(leftDistance(center, b.address)),
  )
}

/** Thirteen places all around the ring. */
function at(number: number): Address {
  const bytes = new Uint8Array(20)
  bytes[0] = number * 19
  bytes[18] = number
  return Address.fromBytes(bytes)
}

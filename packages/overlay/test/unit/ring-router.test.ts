/** Next-hop choice: greedy, exact, around a node, and with neighbours that are themselves reached over the ring. */
import { Address, compareByDistance, isLeftOf } from '@ipop/address'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { chooseFirstHop, chooseHop, otherSide } from '../../src/routing/ring-router.ts'

const self = at(100)

describe('chooseHop', () => {
  it('delivers what is addressed to the node itself', () => {
    expect(chooseHop(self, [hop(110)], query(100))).toEqual({ kind: 'deliver' })
  })

  it('takes the hop nearest to the destination', () => {
    const nearest = hop(190)
    expect(chooseHop(self, [hop(110), nearest, hop(90)], query(200))).toEqual({
      kind: 'forward',
      hop: nearest,
    })
  })

  it('takes the cheapest of those nearer than itself where costs are known', () => {
    const [far, cheap] = [hop(90), hop(150)]
    const costs = new Map([
      [far, 1],
      [cheap, 5],
    ])
    const costOf = (one: ReturnType<typeof hop>) => costs.get(one) ?? 9
    expect(chooseHop(self, [hop(190), cheap, far], { ...query(200), costOf })).toEqual({
      kind: 'forward',
      hop: cheap,
    })
    expect(chooseHop(self, [far], { ...query(200), costOf })).toEqual({ kind: 'deliver' })
  })

  it('delivers a greedy packet where no hop is nearer', () => {
    expect(chooseHop(self, [hop(50), hop(200)], query(104))).toEqual({ kind: 'deliver' })
  })

  it('calls an exact packet unreachable where no hop is nearer', () => {
    expect(chooseHop(self, [hop(50), hop(200)], { ...query(104), isExact: true })).toEqual({
      kind: 'unreachable',
    })
  })

  it('hands a neighbour reached over the ring anything but a session datagram', () => {
    const overRing = { ...hop(104), carriesDatagrams: false }
    const exact = { ...query(104), isExact: true }
    expect(chooseHop(self, [overRing], { ...exact, isDatagram: false })).toEqual({
      kind: 'forward',
      hop: overRing,
    })
    expect(chooseHop(self, [overRing], exact)).toEqual({ kind: 'unreachable' })
  })

  it('goes around the destination by the neighbour nearest to it', () => {
    const destination = hop(104)
    const around = hop(120)
    const route = chooseHop(self, [destination, around, hop(10)], {
      ...query(104),
      isExact: true,
      avoid: destination.address,
    })
    expect(route).toEqual({ kind: 'forward', hop: around })
  })

  it('hands a datagram to its end where that is a neighbour, however costly', () => {
    const [end, cheap] = [hop(104), hop(103)]
    const costOf = (one: unknown) => (one === end ? 9 : 1)
    const exact = { ...query(104), isExact: true, costOf }
    expect(chooseHop(self, [cheap, end], exact)).toEqual({ kind: 'forward', hop: end })
    const call = { ...exact, isDatagram: false }
    expect(chooseHop(self, [cheap, end], call)).toEqual({ kind: 'forward', hop: cheap })
  })

  it('does not hand a packet back to where it came from', () => {
    const [source, other] = [hop(103), hop(102)]
    const exact = { ...query(104), isExact: true, avoid: source.address }
    expect(chooseHop(self, [source, other], exact)).toEqual({ kind: 'forward', hop: other })
    expect(chooseHop(self, [source], exact)).toEqual({ kind: 'unreachable' })
  })

  it('reduces the distance with every hop, whatever the ring', () => {
    fc.assert(
      fc.property(
        address(),
        fc.array(address(), { maxLength: 20 }),
        address(),
        (from, others, destination) => {
          const route = chooseHop(
            from,
            others.map((item) => ({ address: item, carriesDatagrams: true })),
            { destination, isExact: false, isDatagram: true },
          )
          if (route.kind === 'forward')
            expect(compareByDistance(destination)(route.hop.address, from)).toBe(-1)
          else
            for (const other of others)
              expect(compareByDistance(destination)(from, other)).not.toBe(1)
        },
      ),
    )
  })
})

describe('chooseFirstHop', () => {
  const [far, nearer, nearest, away] = [hop(120), hop(150), hop(190), hop(90)]
  const hops = [far, away, nearest, nearer]
  const without = { destination: at(200), tried: [], isDoubtful: () => false }

  it('takes the nearest at first, then those that were not tried, and then the one tried longest ago', () => {
    const tried: Address[] = []
    const taken = Array.from({ length: 5 }, () => {
      const next = chooseFirstHop(self, hops, { ...without, tried })
      if (next) tried.push(next.address)
      return next
    })
    expect(taken).toEqual([nearest, nearer, far, nearest, nearer])
  })

  it('takes one in doubt only where no other is closer to the destination than the node', () => {
    const isDoubtful = (one: unknown) => one === nearest || one === away
    expect(chooseFirstHop(self, hops, { ...without, isDoubtful })).toBe(nearer)
    expect(chooseFirstHop(self, [nearest, away], { ...without, isDoubtful })).toBe(nearest)
  })

  it('takes none where none is closer', () => {
    expect(chooseFirstHop(self, [away], without)).toBeUndefined()
  })
})

describe('otherSide', () => {
  it('names the nearest neighbour beyond the destination', () => {
    const beyond = hop(130)
    expect(otherSide(self, [hop(102), hop(90), beyond, hop(180)], at(110))).toBe(beyond)
  })

  it('brackets the destination together with the node', () => {
    fc.assert(
      fc.property(
        address(),
        fc.array(address(), { maxLength: 20 }),
        address(),
        (from, others, destination) => {
          const hops = others.map((item) => ({ address: item, carriesDatagrams: true }))
          const found = otherSide(from, hops, destination)
          if (found) expect(isLeftOf(found.address, destination)).toBe(!isLeftOf(from, destination))
        },
      ),
    )
  })
})

function at(position: number): Address {
  const bytes = new Uint8Array(20)
  bytes[0] = position
  return Address.fromBytes(bytes)
}

function hop(position: number) {
  return { address: at(position), carriesDatagrams: true }
}

function query(position: number) {
  return { destination: at(position), isExact: false, isDatagram: true }
}

function address() {
  return fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => Address.fromBytes(bytes))
}

/** Offers and arrays of ports, one machine by itself. */
import { describe, expect, it } from '@jest/globals'
import { Malformed } from '@ipop/codec'
import { SeededRandom } from '@ipop/simulator'
import { TransportAddress } from '@ipop/transport'
import { HolePunch } from '../../src/nat/hole-punch.ts'
import { decodePathOffer, encodePathOffer, type PathOffer } from '../../src/wire/path-offer.ts'

const SEEN = TransportAddress.udp({ host: '203.0.113.1', port: 4000 })
const FROM_STEADY_PEER = encodePathOffer({
  mapping: 'independent',
  endpoints: [SEEN],
  outside: { first: SEEN, step: 1, count: 1 },
  wantsAnswer: true,
  isArrayOpen: false,
})

describe('an end behind random ports', () => {
  it('says in every offer that its array is open, since the first may get lost', () => {
    const end = behindRandomPorts()
    end.hearAt(0)
    end.hearAt(1_000)
    expect(end.arrays).toBe(1)
    end.finishArray()
    end.hearAt(1_500)
    end.hearAt(2_500)
    expect(end.offers.map(({ isArrayOpen }) => isArrayOpen)).toEqual([
      false,
      false,
      true,
      true,
      true,
    ])
    end.hearAt(6_000)
    expect(end.offers.at(-1)?.isArrayOpen).toBe(false)
  })

  it('asks for another try soon after the first array, and then leaves that to the search', () => {
    const end = behindRandomPorts()
    end.hearAt(0)
    end.hearAt(1_000)
    expect(end.wakes).toEqual([6_500])
    const before = end.offers.length
    end.timeAt(6_500)
    expect(end.offers.slice(before).map(({ wantsAnswer }) => wantsAnswer)).toEqual([true])
    end.hearAt(6_600)
    expect(end.arrays).toBe(2)
    end.timeAt(60_000)
    expect(end.offers.length).toBe(before + 1)
    expect(end.wakes).toEqual([6_500])
  })

  it('asks for nothing more once frames travel directly', () => {
    const end = behindRandomPorts()
    end.hearAt(0)
    end.hearAt(1_000)
    const before = end.offers.length
    end.isDirect = true
    end.timeAt(6_500)
    expect(end.offers.length).toBe(before)
  })
})

function behindRandomPorts() {
  const end = {
    arrays: 0,
    isDirect: false,
    offers: [] as PathOffer[],
    wakes: [] as number[],
    finishArray: () => {},
    hearAt: (at: number) => {
      now = at
      punch.receive(FROM_STEADY_PEER, at)
    },
    timeAt: (at: number) => {
      now = at
      punch.handleTimeout(at)
    },
  }
  let now = 0
  const punch = new HolePunch(
    { random: new SeededRandom(1) },
    {
      now: () => now,
      note: () => {},
      reach: () => ({ mapping: 'random', endpoints: [], outside: undefined }),
      wake: (at) => end.wakes.push(at),
      sendFrame: (frame) => {
        const offer = decodePathOffer(frame)
        if (offer instanceof Malformed) throw new Error(offer.reason)
        end.offers.push(offer)
      },
      addEndpoints: () => {},
      tryAll: () => {},
      probe: () => {},
      openArray: (_towards, onOpen) => {
        end.arrays++
        end.finishArray = onOpen
        return true
      },
      isDirect: () => end.isDirect,
    },
  )
  return end
}

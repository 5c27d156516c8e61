/** Exchanges: all at first, differences later; urgent news at once, other news together, and no word of what does not matter. */
import { describe, expect, it } from '@jest/globals'
import {
  EXCHANGE_ALL_MIN_MS,
  EXCHANGE_ALL_MS,
  EXCHANGE_FAR_GAP_MS,
  EXCHANGE_PATIENT_GAP_MS,
  EXCHANGE_WITHDRAW_MS,
} from '../../src/topology/limits.ts'
import { isNearerThanClaimed, isWithin } from '../../src/topology/exchange-news.ts'
import { address, exchanging, FIRST_HAND, hint, low, PEER, SELF } from '../helpers/exchanging.ts'

describe('Exchanger', () => {
  it('tells a peer all at first, and then only what is new', async () => {
    const { exchange, connect, told } = await exchanging([990, PEER, 1_020])
    expect(told).toEqual([{ named: [990, 1_020], withdrawn: undefined }])
    connect(1_012)
    await exchange('news')
    expect(told.at(-1)).toEqual({ named: [1_012], withdrawn: [] })
  })

  it('says nothing while there is no news', async () => {
    const { exchange, told } = await exchanging([990, PEER, 1_020])
    await exchange('news')
    expect(told).toHaveLength(1)
  })

  it('lets news wait that do not change who the neighbours of the peer are', async () => {
    const { exchange, connect, told, at } = await exchanging([990, PEER, 1_020], {
      claim: { left: address(1_012), right: address(SELF) },
    })
    connect(1_015)
    await exchange('news')
    at.now += EXCHANGE_PATIENT_GAP_MS - 1
    await exchange('news')
    expect(told).toHaveLength(1)
    at.now += 1
    await exchange('news')
    expect(told.at(-1)).toEqual({ named: [1_015], withdrawn: [] })
  })

  it('tells others than its neighbours several news at a time while it has no place', async () => {
    const { exchange, connect, told, at } = await exchanging([980, 990, 1_001, PEER], {
      isPatient: false,
    })
    connect(1_015)
    at.now += EXCHANGE_FAR_GAP_MS - 1
    await exchange('news')
    expect(told).toHaveLength(1)
    connect(1_016)
    at.now += 1
    await exchange('news')
    expect(told.at(-1)).toEqual({ named: [1_015, 1_016], withdrawn: [] })
  })

  it('does not tell what the peer has told it meanwhile', async () => {
    const { exchange, connect, told, at, hear } = await exchanging([990, PEER, 1_020], {
      claim: { left: address(1_012), right: address(SELF) },
    })
    connect(1_015)
    await exchange('news')
    hear({ from: hint(PEER), peers: [hint(1_015)], withdrawn: [] })
    at.now += EXCHANGE_PATIENT_GAP_MS
    await exchange('news')
    expect(told).toHaveLength(1)
  })

  it('withdraws at once whom it named so lately that the peer may still dial them', async () => {
    const { exchange, disconnect, told, at } = await exchanging([990, PEER, 1_020])
    at.now += EXCHANGE_WITHDRAW_MS - 1
    disconnect(1_020)
    await exchange('news')
    expect(told.at(-1)).toEqual({ named: [], withdrawn: [1_020] })
  })

  it('does not hurry to withdraw whom the peer names itself', async () => {
    const { exchange, disconnect, told, hear } = await exchanging([990, PEER, 1_020])
    hear({ from: hint(PEER), peers: [hint(1_020)], withdrawn: [] })
    disconnect(1_020)
    await exchange('news')
    expect(told).toHaveLength(1)
  })

  it('mentions those that have long been named and are gone only along with other news', async () => {
    const { exchange, connect, disconnect, told, at } = await exchanging([990, PEER, 1_020])
    at.now += EXCHANGE_WITHDRAW_MS
    disconnect(1_020)
    await exchange('news')
    expect(told).toHaveLength(1)
    connect(1_012)
    await exchange('news')
    expect(told.at(-1)).toEqual({ named: [1_012], withdrawn: [1_020] })
  })

  it('tells all again now and then, and when it is asked to', async () => {
    const { exchange, connect, told, at } = await exchanging([990, PEER, 1_020])
    at.now += EXCHANGE_ALL_MS
    connect(1_012)
    await exchange('news')
    at.now += EXCHANGE_ALL_MIN_MS - 1
    await exchange('all')
    expect(told.at(-1)).toEqual({ named: [], withdrawn: [] })
    at.now += 1
    await exchange('all')
    const all = { named: [990, 1_012, 1_020], withdrawn: undefined }
    expect([told[1], told[3]]).toEqual([all, all])
  })

  it('tells all again after an exchange that failed', async () => {
    const { exchange, connect, told, link } = await exchanging([990, PEER, 1_020])
    link.isBroken = true
    connect(1_012)
    await exchange('news')
    link.isBroken = false
    await exchange('news')
    expect(told.at(-1)).toEqual({ named: [990, 1_012, 1_020], withdrawn: undefined })
  })

  it('answers a difference with those that are nearer to the asker than its neighbours, if any', async () => {
    const { exchanger, state } = await exchanging([990, PEER, 1_020])
    const difference = { from: hint(PEER), peers: [], withdrawn: [] }
    const content = { ...difference, left: address(1_020), right: address(SELF) }
    expect(exchanger.answer(content, state(), FIRST_HAND)).toMatchObject({
      peers: [],
      withdrawn: [],
    })
    const lacking = { ...content, left: address(1_030) }
    expect(exchanger.answer(lacking, state(), FIRST_HAND).peers).toEqual([hint(1_020)])
    const all = { from: hint(PEER), peers: [] }
    expect(exchanger.answer(all, state(), FIRST_HAND).peers).toHaveLength(2)
  })

  it.each([
    [1_005, [960, 970, 980, 990, PEER]],
    [995, [990, PEER, 1_020, 1_030, 1_040]],
    [960 - 1, [960, 970, 980, 990, 950]],
  ])(
    'names to the stranger %i the nearest on its own side of it, and one on the other',
    async (stranger, named) => {
      const others = [950, 960, 970, 980, 990, PEER, 1_020, 1_030, 1_040, 1_050]
      const { exchanger, state } = await exchanging(others)
      const { peers } = exchanger.answer({ from: hint(stranger), peers: [] }, state(), FIRST_HAND)
      expect(peers.map((peer) => low(peer.address)).sort((a, b) => a - b)).toEqual(
        named.toSorted((a, b) => a - b),
      )
    },
  )

  it('tells no news at once of somebody nearer who has named the peer himself', async () => {
    const claim = { left: address(1_030), right: address(SELF) }
    const { exchange, connect, told, hear } = await exchanging([990, PEER], { claim })
    hear({ from: hint(1_020), peers: [] })
    connect(1_020)
    hear({ from: hint(1_020), peers: [hint(PEER)] })
    await exchange('news')
    expect(told).toHaveLength(1)
    connect(1_021)
    await exchange('news')
    expect(told).toHaveLength(2)
  })

  it('names to a neighbour nobody who is far from it', async () => {
    const near = [-4, -3, -2, -1, 1, 2, 3, 4].map((step) => SELF + 10 * step)
    const { told } = await exchanging([...near, 500_000], { peer: 1_010 })
    expect(told[0]?.named).not.toContain(500_000)
    expect(told[0]?.named).toContain(1_040)
  })
})

describe('news', () => {
  it('are urgent for whoever has a neighbour farther away, or names none', () => {
    const claim = { left: address(1_020), right: address(SELF) }
    expect(isNearerThanClaimed(address(PEER), address(1_015), claim)).toBe(true)
    expect(isNearerThanClaimed(address(PEER), address(1_005), claim)).toBe(true)
    expect(isNearerThanClaimed(address(PEER), address(1_025), claim)).toBe(false)
    expect(isNearerThanClaimed(address(PEER), address(1_025), {})).toBe(true)
  })

  it('reach as far as the ring is while a node lacks near neighbours', () => {
    expect(isWithin(Infinity, address(1), address(500_000))).toBe(true)
    expect(isWithin(1e-9, address(1), address(500_000))).toBe(true)
    expect(isWithin(0, address(1), address(500_000))).toBe(false)
  })
})

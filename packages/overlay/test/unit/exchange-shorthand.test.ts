/** What exchanges leave out or name in short: what the peer has, whom it has heard of, and what it asks for when it has not. */
import { describe, expect, it } from '@jest/globals'
import {
  BRIEF_AFTER_MS,
  EXCHANGE_ALL_MIN_MS,
  EXCHANGE_ALL_MS,
  EXCHANGE_PATIENT_GAP_MS,
} from '../../src/topology/limits.ts'
import { briefAddress } from '../../src/wire/brief-address.ts'
import { hintDigest } from '../../src/wire/hint-digest.ts'
import {
  address,
  exchanging,
  FIRST_HAND,
  hint,
  INCARNATION,
  PEER,
  SELF,
} from '../helpers/exchanging.ts'

describe('exchanges', () => {
  it('leaves out what the peer says that it has, until an exchange fails', async () => {
    const { exchange, link, said } = await exchanging([990, PEER, 1_020])
    link.known = hintDigest(hint(SELF), INCARNATION)
    await exchange('claims')
    await exchange('claims')
    link.isBroken = true
    await exchange('claims')
    link.isBroken = false
    await exchange('claims')
    await exchange('claims')
    link.known = hintDigest(hint(PEER))
    await exchange('claims')
    await exchange('claims')
    // Endpoints and incarnation, nothing, and the whole hint.
    expect(said.map((keys) => keys.replace('k', ''))).toEqual(
      ['ei', 'ei', '', ''].concat(['hi', '', '', 'ei']),
    )
  })

  it('tells its incarnation to a peer that has only heard others speak of it', async () => {
    const { exchange, link, said } = await exchanging([990, PEER, 1_020])
    link.known = hintDigest(hint(SELF))
    await exchange('claims')
    await exchange('claims')
    expect(said).toEqual(['eik', 'eik', 'ik'])
  })

  it('says what it has of the peer until the peer leaves that out, and whenever it tells all', async () => {
    const { exchange, link, said, at } = await exchanging([990, PEER, 1_020])
    link.known = hintDigest(hint(SELF), INCARNATION)
    await exchange('claims')
    link.leftOut = 'all'
    await exchange('claims')
    await exchange('claims')
    at.now += EXCHANGE_ALL_MIN_MS
    await exchange('all')
    link.leftOut = 'identity'
    await exchange('claims')
    await exchange('claims')
    expect(said).toEqual(['eik', 'eik', 'k', '', 'k', '', 'k'])
  })

  it('remembers nothing of a peer whose exchange fails after it has gone', async () => {
    const { exchanger, exchange, link, connect, disconnect, said } = await exchanging([990, PEER])
    link.isBroken = true
    const failing = exchange('claims')
    disconnect(PEER)
    exchanger.forget(address(PEER))
    await failing
    link.isBroken = false
    connect(PEER)
    await exchange('news')
    expect(said).toEqual(['eik', 'eik', 'eik'])
  })

  it('names neighbours of its own briefly that the peer has heard of', async () => {
    const { exchange, connect, sides } = await exchanging([990, PEER, 1_020])
    await exchange('claims')
    connect(995)
    await exchange('claims')
    await exchange('claims')
    expect(sides).toEqual([
      [0, 20],
      [0, 8],
      [0, 20],
      [0, 8],
    ])
  })

  it('leaves nothing out of what a proxy carries, who may be the only one to read it', async () => {
    const { exchanger, state, hear } = await exchanging([990, PEER, 1_020])
    const known = hintDigest(hint(SELF), INCARNATION)
    const all = { from: hint(PEER), peers: [], known }
    hear(all)
    const leftOut = (isFirstHand: boolean) =>
      exchanger.answer(all, state(), { isFirstHand }).leftOut
    expect([leftOut(true), leftOut(false)]).toEqual(['all', undefined])
  })

  it('names in short whom it has known for long, but in full whom the peer lacks as a neighbour', async () => {
    const claim = { left: address(1_012), right: address(SELF) }
    const { exchange, connect, told, short, at } = await exchanging([990, PEER, 1_020], { claim })
    at.now += EXCHANGE_ALL_MS
    connect(1_011)
    await exchange('news')
    expect(told.at(-1)?.named).toEqual([990, 1_011, 1_020])
    expect(short.map((list) => list.toSorted((a, b) => a - b))).toEqual([[], [990, 1_020]])
  })

  it('tells in full, along with other news, whom the peer cannot make out', async () => {
    const claim = { left: address(1_012), right: address(SELF) }
    const { exchange, connect, told, short, link, at } = await exchanging([990, PEER], { claim })
    connect(1_020)
    at.now += BRIEF_AFTER_MS
    link.wanted = [briefAddress(address(1_020))]
    await exchange('all')
    link.wanted = []
    expect(short.at(-1)).toContain(1_020)
    at.now += 1
    await exchange('news')
    at.now += EXCHANGE_PATIENT_GAP_MS
    await exchange('news')
    expect(told.at(-1)).toEqual({ named: [1_020], withdrawn: [] })
    expect(short.at(-1)).toEqual([])
    const count = told.length
    at.now += EXCHANGE_PATIENT_GAP_MS
    await exchange('news')
    expect(told).toHaveLength(count)
  })

  it('asks, in its answer, for whom it cannot make out, and once only', async () => {
    const { exchanger, state } = await exchanging([990, PEER, 1_020])
    const unresolved = [briefAddress(address(1_030))]
    const difference = { from: hint(PEER), peers: [], withdrawn: [], unresolved }
    const asked = () => exchanger.answer(difference, state(), FIRST_HAND).wanted
    expect(asked()).toEqual(unresolved)
    expect(asked()).toEqual([])
  })
})

/** Exchanges: all at first, differences later; urgent news at once, other news together, and no word of what does not matter. */
import { Address } from '@ipop/address'
import type { CborMap, CborValue } from '@ipop/codec'
import { Malformed } from '@ipop/codec'
import { silentLog } from '@ipop/runtime'
import { TransportAddress, type Channel } from '@ipop/transport'
import { describe, expect, it } from '@jest/globals'
import { Connection } from '../../src/connections/connection.ts'
import { ConnectionTable } from '../../src/connections/connection-table.ts'
import { Role } from '../../src/connections/roles.ts'
import {
  BRIEF_AFTER_MS,
  EXCHANGE_ALL_MIN_MS,
  EXCHANGE_ALL_MS,
  EXCHANGE_FAR_GAP_MS,
  EXCHANGE_PATIENT_GAP_MS,
  EXCHANGE_WITHDRAW_MS,
} from '../../src/topology/limits.ts'
import type { RequestReply } from '../../src/messaging/request-reply.ts'
import { Exchanger } from '../../src/topology/exchanger.ts'
import { BriefPeers } from '../../src/topology/brief-peers.ts'
import { isNearerThanClaimed, isWithin } from '../../src/topology/exchange-news.ts'
import { KnownPeers } from '../../src/topology/known-peers.ts'
import { NearNeighbors, type NeighborClaim } from '../../src/topology/near-neighbors.ts'
import { BRIEF_ADDRESS_BYTES, briefAddress } from '../../src/wire/brief-address.ts'
import { hintDigest } from '../../src/wire/hint-digest.ts'
import type { RingExchange } from '../../src/wire/ring-exchange.ts'
import { decodeRingExchange, encodeRingExchange } from '../../src/wire/ring-exchange.ts'

const SELF = 1_000
const PEER = 1_010
const INCARNATION = 1
const FIRST_HAND = { isFirstHand: true }

describe('Exchanger', () => {
  it('tells a peer all at first, and then only what is new', async () => {
    const { exchange, connect, told } = await exchanging([990, PEER, 1_020])
    expect(told).toEqual([{ named: [990, 1_020], withdrawn: undefined }])
    connect(1_012)
    await exchange('news')
    expect(told.at(-1)).toEqual({ named: [1_012], withdrawn: [] })
  })

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

  it('leaves nothing out of what a proxy carries, who may be the only one to read it', async () => {
    const { exchanger, state, hear } = await exchanging([990, PEER, 1_020])
    const known = hintDigest(hint(SELF), INCARNATION)
    const all = { from: hint(PEER), peers: [], known }
    hear(all)
    const leftOut = (isFirstHand: boolean) =>
      exchanger.answer(all, state(), { isFirstHand }).leftOut
    expect([leftOut(true), leftOut(false)]).toEqual(['all', undefined])
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

/** How the peer answers. */
interface Link {
  isBroken: boolean
  known?: number
  leftOut?: RingExchange['leftOut']
  wanted?: Uint8Array[]
}

/** A node connected with `lows`, of whom it has told `peer` already. */
async function exchanging(
  lows: readonly number[],
  {
    peer = PEER,
    claim,
    isPatient = true,
  }: { peer?: number; claim?: NeighborClaim; isPatient?: boolean } = {},
) {
  const table = new ConnectionTable(address(SELF))
  const told: { named: number[]; withdrawn: number[] | undefined }[] = []
  const said: string[] = []
  const sides: number[][] = []
  const short: number[][] = []
  const link: Link = { isBroken: false }
  const calls = {
    call(_target: Address, _method: string, args: CborValue) {
      const resolve = (brief: Uint8Array) => hint(lowOfBrief(brief))
      const held = { sender: { hint: hint(SELF) }, peer: hint(SELF), self: address(peer) }
      const exchange = decodeRingExchange(args, { ...held, resolve })
      if (exchange instanceof Malformed) throw new Error(exchange.reason)
      told.push({
        named: exchange.peers.map((one) => low(one.address)).sort((a, b) => a - b),
        withdrawn: exchange.withdrawn?.map(low),
      })
      said.push(['h', 'e', 'i', 'k'].filter((key) => key in (args as CborMap)).join(''))
      sides.push(['l', 'r'].map((key) => lengthOf((args as CborMap)[key])))
      short.push(shortForms((args as CborMap)['p']))
      if (link.isBroken) return Promise.reject(new Error('no answer'))
      const { known, wanted, leftOut } = link
      const reply = { from: hint(peer), peers: [], withdrawn: [], known, wanted, leftOut }
      return Promise.resolve([{ result: encodeRingExchange(reply) }])
    },
  } as unknown as RequestReply
  const at = { now: 0, revision: 0 }
  const known = new KnownPeers(table.self)
  const policy = new NearNeighbors({ table, known, linker: { isSlow: () => false } })
  const near = {
    claimOf: () => claim,
    get span() {
      policy.evaluate(true)
      return policy.span
    },
  }
  const clock = { now: () => at.now, wallTimeMs: () => at.now }
  const exchanger = new Exchanger({
    ...{ table, calls, log: silentLog, incarnation: INCARNATION, near },
    ownHint: () => hint(SELF),
    briefs: new BriefPeers({ clock, table, known, near }),
    listener: { learn: () => undefined },
  })
  const state = () => ({ revision: at.revision, isPatient, now: at.now })
  const connect = (one: number) => {
    at.revision++
    table.add(connectionWith(one))
  }
  const disconnect = (one: number) => {
    at.revision++
    table.remove(address(one))
  }
  const exchange = async (reason: 'news' | 'claims' | 'all') => {
    exchanger.exchangeWith(table.get(address(peer)) as Connection, reason, state())
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  const hear = (heard: RingExchange) => void exchanger.answer(heard, state(), FIRST_HAND)
  for (const one of lows) connect(one)
  await exchange('news')
  const news = { told, said, sides, short }
  return { exchanger, table, ...news, link, at, state, connect, disconnect, exchange, hear }
}

function connectionWith(one: number): Connection {
  const channel = { address: address(one), hint: hint(one), remoteStatus: 0, lastHeardAt: 0 }
  const connection = new Connection(channel as unknown as Channel, 0)
  connection.setRole(Role.near, true)
  return connection
}

function address(one: number): Address {
  const bytes = new Uint8Array(20)
  new DataView(bytes.buffer).setUint32(16, one * 2)
  return Address.fromBytes(bytes)
}

function lengthOf(value: CborValue | undefined): number {
  return value instanceof Uint8Array ? value.length : 0
}

function lowOfBrief(brief: Uint8Array): number {
  return new DataView(brief.buffer, brief.byteOffset).getUint32(4) / 2
}

function shortForms(list: CborValue | undefined): number[] {
  const all = Array.isArray(list) ? list : []
  return all.flatMap((one) =>
    one instanceof Uint8Array && one.length === BRIEF_ADDRESS_BYTES ? lowOfBrief(one) : [],
  )
}

function low({ bytes }: Address): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(16) / 2
}

function hint(one: number) {
  const endpoints = [TransportAddress.udp({ host: '10.0.0.1', port: 1_000 })]
  return { address: address(one), sessionKey: new Uint8Array(32), endpoints }
}

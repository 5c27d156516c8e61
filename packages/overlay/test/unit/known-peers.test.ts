/** What a node remembers of the peers around it. */
import { Address } from '@ipop/address'
import { describe, expect, it } from '@jest/globals'
import {
  DEPARTED_AFTER_MS,
  DEPARTED_FEW_MAX,
  DEPARTED_FEW_PERIOD_MS,
  DEPARTED_MAX,
  DEPARTED_PERIOD_MS,
  DEPARTED_TTL_MS,
} from '../../src/limits.ts'
import {
  KNOWN_PER_SIDE,
  LINK_BARRED_MAX,
  LINK_BARRED_MS,
  LINK_DOUBTED_MS,
  DOUBTED_FAILURES_MAX,
  LINK_FAILURES_MAX,
} from '../../src/topology/limits.ts'
import { Departed } from '../../src/topology/departed.ts'
import { KnownPeers, nearestPerSide } from '../../src/topology/known-peers.ts'
import { briefAddress } from '../../src/wire/brief-address.ts'
import { harmonicTarget, shortcutsWanted } from '../../src/topology/shortcuts.ts'
import { World } from '@ipop/simulator'
import { TransportAddress, type PeerHint } from '@ipop/transport'

const self = at(1_000)

describe('KnownPeers', () => {
  it('takes no hint about the node itself', () => {
    const known = new KnownPeers(self)
    expect(known.learn(hint(1_000), 0)).toBe(false)
    expect(known.size).toBe(0)
  })

  it('says since when it has known somebody without a break', () => {
    const known = new KnownPeers(self)
    known.learn(hint(1_010), 5)
    known.learn(hint(1_010), 10)
    known.confirm(hint(1_010), 20)
    known.confirm(hint(1_011), 20)
    expect([1_010, 1_011, 1_012].map((low) => known.sinceOf(at(low)))).toEqual([5, 20, undefined])
    known.bar(at(1_010), 30)
    known.confirm(hint(1_010), 40)
    expect(known.sinceOf(at(1_010))).toBe(40)
  })

  it('keeps the nearest of each side when there are too many', () => {
    const known = new KnownPeers(self)
    for (let i = 1; i <= 200; i++) {
      known.learn(hint(1_000 + i), 0)
      known.learn(hint(1_000 - i), 0)
    }
    expect(known.size).toBeLessThanOrEqual(3 * KNOWN_PER_SIDE)
    for (let i = 1; i <= KNOWN_PER_SIDE; i++) {
      expect(known.get(at(1_000 + i))).toBeDefined()
      expect(known.get(at(1_000 - i))).toBeDefined()
    }
  })

  it('bars a peer that failed often, for a while', () => {
    const known = new KnownPeers(self)
    known.learn(hint(5), 0)
    for (let i = 0; i < LINK_FAILURES_MAX; i++) known.failed(at(5), 0, () => false)
    expect(known.get(at(5))).toBeUndefined()
    expect(known.learn(hint(5), LINK_BARRED_MS - 1)).toBe(false)
    expect(known.learn(hint(5), LINK_BARRED_MS)).toBe(true)
  })

  it('believes what was heard of a barred peer meanwhile when its time is over', () => {
    const known = new KnownPeers(self)
    for (const low of [5, 6, 8]) known.bar(at(low), 0)
    known.learnAll([hint(5), hint(6), hint(8)], 10, at(7))
    known.learnMore([], [at(6)], 20, at(7))
    known.learn(hint(8), 30)
    known.release(LINK_BARRED_MS - 1)
    expect(known.size).toBe(0)
    known.release(LINK_BARRED_MS)
    expect(known.get(at(6))).toBeUndefined()
    expect([at(5), at(8)].map((address) => known.introducerOf(address))).toEqual([at(7), at(7)])
  })

  it('doubts what it hears of a peer that it lost lately, until that is found', () => {
    const known = new KnownPeers(self)
    for (const low of [5, 6]) known.bar(at(low), 0)
    known.learn(hint(5), LINK_BARRED_MS, at(7))
    known.learn(hint(6), LINK_DOUBTED_MS, at(7))
    expect([5, 6].map((low) => known.isDoubtful(at(low)))).toEqual([true, false])
    known.vouch(at(5))
    expect(known.isDoubtful(at(5))).toBe(false)
  })

  it('forgets a doubtful peer that is asked for in vain sooner than another one', () => {
    const known = new KnownPeers(self)
    const now = LINK_BARRED_MS
    known.bar(at(5), 0)
    for (const low of [5, 6]) known.learn(hint(low), now, at(7))
    for (let i = 0; i < DOUBTED_FAILURES_MAX; i++)
      for (const low of [5, 6]) known.failed(at(low), now, () => false)
    expect([5, 6].map((low) => known.get(at(low)) !== undefined)).toEqual([false, true])
    expect([5, 6].map((low) => known.hasFailed(at(low)))).toEqual([false, true])
  })

  it('finds by a short form whom it has not tried in vain', () => {
    const known = new KnownPeers(self)
    known.learn(hint(5), 0)
    const brief = briefAddress(at(5))
    expect(known.find(brief)).toEqual(hint(5))
    expect(known.find(briefAddress(at(6)))).toBeUndefined()
    known.failed(at(5), 0, () => false)
    expect(known.find(brief)).toBeUndefined()
  })

  it('bars nobody for longer who is tried in vain meanwhile', () => {
    const known = new KnownPeers(self)
    known.bar(at(5), 0)
    known.failed(at(5), LINK_BARRED_MS - 1, () => true)
    expect(known.learn(hint(5), LINK_BARRED_MS)).toBe(true)
  })

  it('forgets that a peer was barred once it has proved alive', () => {
    const known = new KnownPeers(self)
    known.bar(at(5), 0)
    known.confirm(hint(5), 0)
    expect(known.get(at(5))).toBeDefined()
  })

  it('bars a peer after one failure when whoever named it is gone, but not one it had a session with', () => {
    const known = new KnownPeers(self)
    known.learn(hint(5), 0, at(7))
    known.learn(hint(6), 0, at(7))
    known.confirm(hint(6), 0)
    known.failed(at(5), 0, (introducer) => introducer.equals(at(7)))
    known.failed(at(6), 0, (introducer) => introducer.equals(at(7)))
    expect(known.get(at(5))).toBeUndefined()
    expect(known.get(at(6))).toBeDefined()
  })

  it('forgets what a peer no longer names, unless it was proved or somebody else names it', () => {
    const known = new KnownPeers(self)
    known.learnAll([hint(1), hint(2), hint(3), hint(4)], 0, at(7))
    known.confirm(hint(2), 0)
    known.learnAll([hint(3)], 0, at(8))
    known.learnAll([hint(4)], 0, at(7))
    expect([1, 2, 3, 4].map((low) => known.get(at(low)) !== undefined)).toEqual([
      false,
      true,
      true,
      true,
    ])
  })

  it('adds what a peer names besides, and forgets what it withdraws, unless that was proved or somebody else named it', () => {
    const known = new KnownPeers(self)
    known.learnAll([hint(1), hint(2), hint(3), hint(4)], 0, at(7))
    known.confirm(hint(2), 0)
    known.learn(hint(3), 0, at(8))
    known.learnMore([hint(5)], [at(1), at(2), at(3)], 0, at(7))
    const isKnown = (low: number) => known.get(at(low)) !== undefined
    expect([1, 2, 3, 4, 5].map(isKnown)).toEqual([false, true, true, true, true])
  })

  it('does not let hearsay replace the key of a peer it had a session with', () => {
    const known = new KnownPeers(self)
    known.confirm(hint(5), 0)
    const forged = { ...hint(5), sessionKey: new Uint8Array(32).fill(9) }
    expect(known.learn(forged, 0, at(7))).toBe(false)
    expect(known.get(at(5))?.sessionKey).toEqual(hint(5).sessionKey)
  })

  it('bars no more peers than its cap, the oldest gives way', () => {
    const known = new KnownPeers(self)
    for (let i = 0; i <= LINK_BARRED_MAX; i++) known.bar(at(i), 0)
    expect(known.learn(hint(0), 1)).toBe(true)
    expect(known.learn(hint(1), 1)).toBe(false)
  })
})

describe('nearestPerSide', () => {
  it('names everybody once in a small ring', () => {
    const items = [hint(1), hint(2), hint(3)]
    expect(nearestPerSide(self, items, 4)).toHaveLength(3)
  })
})

describe('Departed', () => {
  it('names one peer a period, forgets after a day, and keeps no more than its cap', () => {
    const departed = new Departed({ random: new World({ seed: 1 }).random })
    for (let i = 0; i < DEPARTED_MAX + 50; i++) departed.add(hint(i), 0)
    expect(departed.size).toBe(DEPARTED_MAX)
    const ring = DEPARTED_FEW_MAX + 1
    expect(departed.poll(DEPARTED_AFTER_MS - 1, ring)).toBeUndefined()
    expect(departed.poll(2 * DEPARTED_PERIOD_MS, ring)).toBeDefined()
    expect(departed.poll(2 * DEPARTED_PERIOD_MS + 1, ring)).toBeUndefined()
    expect(departed.poll(4 * DEPARTED_PERIOD_MS, ring)).toBeDefined()
    expect(departed.poll(DEPARTED_TTL_MS + 1, ring)).toBeUndefined()
    expect(departed.size).toBe(0)
  })

  it('names everybody once within seconds where few are left, those who were lost last first', () => {
    const departed = new Departed({ random: new World({ seed: 1 }).random })
    const lost = Array.from({ length: 8 }, (_, index) => hint(index))
    departed.poll(0, DEPARTED_FEW_MAX)
    for (const one of lost) departed.add(one, 0)
    const tried: PeerHint[] = []
    for (let now = 0; now < DEPARTED_AFTER_MS + 8 * 1.25 * DEPARTED_FEW_PERIOD_MS; now += 100)
      tried.push(...[departed.poll(now, DEPARTED_FEW_MAX)].filter((one) => one !== undefined))
    expect(new Set(tried)).toEqual(new Set(lost))
    expect(tried[0]).toBe(lost.at(-1))
    // And now and then anyone.
    expect(tried.length).toBeLessThanOrEqual(lost.length + 2)
  })
})

describe('shortcuts', () => {
  it.each([
    [10, 0],
    [11, 2],
    [256, 4],
    [1_000, 5],
  ])('a ring of %i wants %i', (size, wanted) => {
    expect(shortcutsWanted(size)).toBe(wanted)
  })

  it('lie at harmonic distances: half of them within the square root of the ring', () => {
    const random = new World({ seed: 4 }).random
    const fractions = Array.from({ length: 4_000 }, () =>
      fraction(harmonicTarget(self, 10_000, random)),
    )
    const near = fractions.filter((value) => value < 0.01).length
    expect(near / fractions.length).toBeGreaterThan(0.45)
    expect(near / fractions.length).toBeLessThan(0.55)
  })
})

function at(low: number): Address {
  const bytes = new Uint8Array(20)
  new DataView(bytes.buffer).setUint32(16, low * 2)
  return Address.fromBytes(bytes)
}

function hint(low: number) {
  const endpoints = [TransportAddress.udp({ host: '10.0.0.1', port: 1_000 })]
  return { address: at(low), sessionKey: new Uint8Array(32), endpoints }
}

function fraction(address: Address): number {
  return new DataView(address.bytes.slice().buffer).getUint32(0) / 2 ** 32
}

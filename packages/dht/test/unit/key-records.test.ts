/** How the records of one key meet. */
import { toHex } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { valueDigest, type Entry } from '../../src/entry/entry.ts'
import { KeyRecords, type MergeOutcome } from '../../src/store/key-records.ts'
import { entryOf } from '../helpers/entries.ts'
import { EPOCH_MS } from '../helpers/virtual-time.ts'
import { bytesOf } from '../helpers/village.ts'

const LATER = 1_000_000

describe('one owner', () => {
  it('replaces a value by the same value with a higher number, never a lower one', () => {
    const records = new KeyRecords()
    expect(merge(records, entryOf({ sequence: 5 }))).toBe('accept')
    expect(merge(records, entryOf({ sequence: 5 }))).toBe('same')
    expect(merge(records, entryOf({ sequence: 4 }))).toBe('stale')
    expect(merge(records, entryOf({ sequence: 6, ttlSeconds: 60 }))).toBe('accept')
    expect(records.size).toBe(1)
  })

  it('keeps other values unless the new one replaces them', () => {
    const records = new KeyRecords()
    merge(records, entryOf({ value: bytesOf('a'), sequence: 1 }))
    merge(records, entryOf({ value: bytesOf('b'), sequence: 2 }))
    expect(texts(records)).toEqual(['a', 'b'])
    merge(records, entryOf({ value: bytesOf('c'), sequence: 3, floor: 3 }))
    expect(texts(records)).toEqual(['c'])
    expect(merge(records, entryOf({ value: bytesOf('a'), sequence: 1 }))).toBe('stale')
  })

  it('withdraws one value, and a copy of it cannot bring it back', () => {
    const records = new KeyRecords()
    const value = bytesOf('a')
    merge(records, entryOf({ value, sequence: 1 }))
    merge(records, entryOf({ value: bytesOf('b'), sequence: 2 }))
    merge(records, entryOf({ value: valueDigest(value), sequence: 3, isReleased: true }))
    expect(texts(records)).toEqual(['b'])
    expect(merge(records, entryOf({ value, sequence: 1 }))).toBe('stale')
    expect(merge(records, entryOf({ value, sequence: 4 }))).toBe('accept')
  })

  it('claims anew what it has forgotten without putting the granted entry at risk', () => {
    const records = new KeyRecords()
    const granted = entryOf({ isExclusive: true, sequence: 1 })
    merge(records, granted)
    const claim = { isExclusive: true, isTentative: true, sequence: 9, ttlSeconds: 60 }
    expect(merge(records, entryOf(claim))).toBe('stale')
    expect(merge(records, withdrawn(claim, 10))).toBe('accept')
    expect(texts(records)).toEqual(['value'])
  })

  it('remembers a longer-lived older version while it could come back', () => {
    const records = new KeyRecords()
    records.merge(entryOf({ sequence: 1 }), { expiresAt: 3_600, keepUntil: 4_000 }, 0)
    records.merge(entryOf({ sequence: 2, ttlSeconds: 60 }), { expiresAt: 60, keepUntil: 70 }, 0)
    expect(records.visible(100)).toEqual([])
    expect(records.sweep(100)).toEqual([])
    const replay = records.merge(
      entryOf({ sequence: 1 }),
      { expiresAt: 3_600, keepUntil: 4_000 },
      100,
    )
    expect(replay.kind).toBe('stale')
    expect(records.sweep(4_000).length).toBe(1)
  })

  it('does not let an entry that ended come back as it was', () => {
    const records = new KeyRecords()
    const life = { expiresAt: 100, keepUntil: 700 }
    records.merge(entryOf(), life, 0)
    expect(records.merge(entryOf(), { expiresAt: 300, keepUntil: 700 }, 200).kind).toBe('expired')
  })
})

describe('several owners', () => {
  it('share a key as long as nobody wants it alone', () => {
    const records = new KeyRecords()
    merge(records, entryOf({ owner: 0, value: bytesOf('a') }))
    merge(records, entryOf({ owner: 1, value: bytesOf('b') }))
    expect(texts(records)).toEqual(['a', 'b'])
    const claim = entryOf({ owner: 2, isExclusive: true, isTentative: true, ttlSeconds: 60 })
    expect(merge(records, claim)).toBe('conflict')
  })

  it('cannot add to a key that one of them holds alone, nor take it', () => {
    const records = new KeyRecords()
    merge(records, entryOf({ owner: 1, isExclusive: true, claimedAtMs: EPOCH_MS - 5 }))
    expect(merge(records, entryOf({ owner: 0 }))).toBe('conflict')
    expect(merge(records, entryOf({ owner: 0, claimedAtMs: EPOCH_MS - 9 }))).toBe('conflict')
    const claim = { owner: 0, isExclusive: true, isTentative: true, ttlSeconds: 60 }
    expect(merge(records, entryOf({ ...claim, claimedAtMs: EPOCH_MS - 9 }))).toBe('conflict')
    expect(merge(records, entryOf({ owner: 0, isExclusive: true }))).toBe('conflict')
  })

  it('do not lose a value to an earlier claim that nobody granted', () => {
    const records = new KeyRecords()
    merge(records, entryOf({ owner: 1, isExclusive: true, isTentative: true, ttlSeconds: 60 }))
    const earlier = { owner: 0, isExclusive: true, isTentative: true, ttlSeconds: 60 }
    expect(merge(records, entryOf({ ...earlier, claimedAtMs: EPOCH_MS - 9 }))).toBe('conflict')
    expect(merge(records, entryOf({ owner: 2, isExclusive: true }))).toBe('accept')
    expect(records.size).toBe(1)
  })

  it('get a key whose holder has gone or let go', () => {
    const records = new KeyRecords()
    records.merge(entryOf({ owner: 0, isExclusive: true }), { expiresAt: 10, keepUntil: 20 }, 0)
    const next = entryOf({ owner: 1, isExclusive: true, isTentative: true, ttlSeconds: 60 })
    expect(merge(records, next, 5)).toBe('conflict')
    expect(merge(records, next, 10)).toBe('accept')
    const free = new KeyRecords()
    merge(free, entryOf({ owner: 0, isExclusive: true }))
    merge(
      free,
      entryOf({
        owner: 0,
        isExclusive: true,
        isReleased: true,
        sequence: 2,
        value: new Uint8Array(),
      }),
    )
    expect(merge(free, next)).toBe('accept')
  })
})

describe('the order in which entries arrive', () => {
  const SHAPES = ['shared', 'exclusive', 'replacing', 'withdrawn', 'withdrawn exclusive'] as const
  const aStep = fc.record({
    value: fc.constantFrom('a', 'b').map(bytesOf),
    shape: fc.constantFrom(...SHAPES),
    place: fc.nat(),
  })

  it('does not matter for the entries of one owner', () => {
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 7 }), (steps) => {
        let floor = 0
        const entries = steps.map(({ value, shape, place }, i) => {
          const sequence = i + 1
          if (shape === 'exclusive' || shape === 'replacing') floor = sequence
          return { place, entry: shaped({ sequence, floor, value, shape }) }
        })
        const inOrder = mergeAll(entries.map(({ entry }) => entry))
        const mixed = [...entries].sort((a, b) => a.place - b.place)
        expect(shown(mergeAll(mixed.map(({ entry }) => entry)))).toEqual(shown(inOrder))
      }),
    )
  })

  it('does not matter for exclusive entries of several owners', () => {
    const claims = fc.array(
      fc.record({ owner: fc.integer({ min: 0, max: 2 }), at: fc.integer({ min: 0, max: 3 }) }),
      { maxLength: 5 },
    )
    fc.assert(
      fc.property(claims, (drafts) => {
        const entries = drafts.map(({ owner, at }, i) =>
          entryOf({
            owner,
            isExclusive: true,
            claimedAtMs: EPOCH_MS - 10 * owner - at,
            sequence: i + 1,
          }),
        )
        const holder = (records: KeyRecords) =>
          records.visible(1).map(({ entry }) => entry.owner.key)
        expect(holder(mergeAll(entries))).toEqual(holder(mergeAll([...entries].reverse())))
      }),
    )
  })
})

function withdrawn(claim: { isExclusive: boolean; isTentative: boolean }, sequence: number): Entry {
  return entryOf({ ...claim, sequence, isReleased: true, value: new Uint8Array() })
}

function shaped(draft: {
  sequence: number
  floor: number
  value: Uint8Array
  shape: string
}): Entry {
  const { sequence, floor, value, shape } = draft
  const order = { sequence, floor }
  switch (shape) {
    case 'exclusive':
      return entryOf({ ...order, value, isExclusive: true })
    case 'withdrawn':
      return entryOf({ ...order, value: valueDigest(value), isReleased: true })
    case 'withdrawn exclusive':
      return entryOf({ ...order, value: new Uint8Array(), isExclusive: true, isReleased: true })
    default:
      return entryOf({ ...order, value })
  }
}

function mergeAll(entries: readonly Entry[]): KeyRecords {
  const records = new KeyRecords()
  for (const entry of entries) merge(records, entry)
  return records
}

function merge(records: KeyRecords, entry: Entry, now = 0): MergeOutcome['kind'] {
  return records.merge(entry, { expiresAt: LATER, keepUntil: LATER }, now).kind
}

function texts(records: KeyRecords): string[] {
  return records
    .visible(0)
    .map(({ entry }) => new TextDecoder().decode(entry.value))
    .sort()
}

function shown(records: KeyRecords): string[] {
  return records.visible(0).map(({ entry }) => `${entry.sequence} ${toHex(entry.value)}`)
}

/** Entries are their owner's word: nothing in them can be changed by anybody else. */
import { Malformed } from '@ipop/codec'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { EntryChecker } from '../../src/entry/entry-checker.ts'
import { parseEntry, remainingMsOf, replayableMsOf } from '../../src/entry/entry.ts'
import { hashKey, TTL_SECONDS_MAX } from '../../src/index.ts'
import { CLAIM_TTL_SECONDS_MAX, CLOCK_SKEW_MAX_MS } from '../../src/limits.ts'
import { encodeEntry } from '../../src/wire/entry.ts'
import { entryOf, KEY_HASH, ownerAt } from '../helpers/entries.ts'
import { EPOCH_MS } from '../helpers/virtual-time.ts'
import { bytesOf } from '../helpers/village.ts'

const HOUR_MS = 3_600_000

describe('an entry', () => {
  it('comes back from its bytes with its owner', () => {
    const entry = entryOf({ isExclusive: true })
    const parsed = parseEntry(KEY_HASH, entry.bytes)
    expect(parsed).toEqual(entry)
    expect(parsed instanceof Malformed || parsed.owner.equals(ownerAt(0).address)).toBe(true)
  })

  it('is refused after any change of any byte', () => {
    const { bytes } = entryOf()
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const forged = bytes.slice()
        forged[at] = (forged[at] ?? 0) ^ change
        expect(typeof checkerAt(EPOCH_MS).check(KEY_HASH, forged)).toBe('string')
      }),
    )
  })

  it('is refused under another key, and with another owner in it', () => {
    const entry = entryOf()
    expect(checkerAt(EPOCH_MS).check(hashKey('other'), entry.bytes)).toBe('signature')
    const stolen = encodeEntry({ ...entry, ownerKey: ownerAt(1).publicKey })
    expect(checkerAt(EPOCH_MS).check(KEY_HASH, stolen)).toBe('signature')
  })

  it('never makes a reader of arbitrary bytes throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_300 }), (bytes) => {
        expect(typeof checkerAt(EPOCH_MS).check(KEY_HASH, bytes)).toBe('string')
      }),
    )
  })

  it('is malformed when its flags contradict each other', () => {
    expect(parse(entryOf({ isTentative: true }))).toBeInstanceOf(Malformed)
    expect(parse(entryOf({ isReleased: true, value: bytesOf('not a digest') }))).toBeInstanceOf(
      Malformed,
    )
    expect(parse(entryOf({ isExclusive: true, isReleased: true }))).toBeInstanceOf(Malformed)
    expect(parse(entryOf({ sequence: 4, floor: 5 }))).toBeInstanceOf(Malformed)
    expect(parse(entryOf({ claimedAtMs: EPOCH_MS + 1 }))).toBeInstanceOf(Malformed)
  })
})

describe('the times of an entry', () => {
  it('cap its life at seven days, and that of a tentative claim at a minute', () => {
    const check = (entry = entryOf()) => checkerAt(EPOCH_MS).check(KEY_HASH, entry.bytes)
    expect(typeof check(entryOf({ ttlSeconds: TTL_SECONDS_MAX }))).toBe('object')
    expect(check(entryOf({ ttlSeconds: TTL_SECONDS_MAX + 1 }))).toBe('ttl')
    expect(check(entryOf({ ttlSeconds: 0 }))).toBe('ttl')
    const claim = { isExclusive: true, isTentative: true }
    expect(typeof check(entryOf({ ...claim, ttlSeconds: CLAIM_TTL_SECONDS_MAX }))).toBe('object')
    expect(check(entryOf({ ...claim, ttlSeconds: CLAIM_TTL_SECONDS_MAX + 1 }))).toBe('ttl')
  })

  it('may differ from ours by the tolerance and no more', () => {
    const { bytes } = entryOf()
    const check = (wallMs: number) => checkerAt(wallMs).check(KEY_HASH, bytes)
    expect(typeof check(EPOCH_MS - CLOCK_SKEW_MAX_MS)).toBe('object')
    expect(check(EPOCH_MS - CLOCK_SKEW_MAX_MS - 1)).toBe('future')
    expect(typeof check(EPOCH_MS + HOUR_MS + CLOCK_SKEW_MAX_MS - 1)).toBe('object')
    expect(check(EPOCH_MS + HOUR_MS + CLOCK_SKEW_MAX_MS)).toBe('expired')
  })

  it('are checked again for an entry whose signature is known to be good', () => {
    let wallMs = EPOCH_MS
    const checker = new EntryChecker({ wallTimeMs: () => wallMs })
    const entry = entryOf()
    expect(checker.check(KEY_HASH, entry.bytes)).toBe(checker.check(KEY_HASH, entry.bytes))
    wallMs += HOUR_MS + CLOCK_SKEW_MAX_MS
    expect(checker.check(KEY_HASH, entry.bytes)).toBe('expired')
  })

  it('do not shorten a life that is handed on, unless it would exceed the tolerance', () => {
    const entry = entryOf()
    expect(remainingMsOf(entry, Infinity, EPOCH_MS + 5 * 60_000)).toBe(HOUR_MS)
    expect(remainingMsOf(entry, 60_000, EPOCH_MS)).toBe(60_000)
    expect(remainingMsOf(entry, Infinity, EPOCH_MS + HOUR_MS)).toBe(CLOCK_SKEW_MAX_MS)
    expect(replayableMsOf(entry, EPOCH_MS)).toBe(HOUR_MS + CLOCK_SKEW_MAX_MS)
  })
})

function parse(entry: { bytes: Uint8Array }): unknown {
  return parseEntry(KEY_HASH, entry.bytes)
}

function checkerAt(wallMs: number): EntryChecker {
  return new EntryChecker({ wallTimeMs: () => wallMs })
}

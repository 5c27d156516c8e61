/** All pairs of ten kinds of attachment in virtual time: everybody is reached at once, and directly wherever that is possible. */
import { describe, expect, it } from '@jest/globals'
import { ATTACHMENT_KINDS, type AttachmentKind } from '@ipop/simulator'
import { meet } from '../helpers/nat-pair.ts'

const SEEDS = [1, 2, 3, 4]
const FIRST_REPLY_MAX_MS = 3_000
const DIRECT_MAX_MS = 10_000
const WATCHED_MS = 12_000

/** Kinds that let in who was not written to, or write to all with one port. */
const STEADY: ReadonlySet<AttachmentKind> = new Set([
  'open',
  'full',
  'addr',
  'port',
  'double',
  'shared',
])
/** Steady kinds whose filters look at ports: random ports meet them by luck. */
const STRICT: ReadonlySet<AttachmentKind> = new Set(['port', 'double', 'shared'])

type Pair = readonly [AttachmentKind, AttachmentKind]
type Expectation = 'direct' | 'mostly direct' | 'relayed'

/** What two kinds can make of it. */
function expected([one, two]: Pair): Expectation {
  const has = (kind: AttachmentKind) => one === kind || two === kind
  const other = (kind: AttachmentKind) => (one === kind ? two : one)
  if (has('six')) return ['open', 'six'].includes(other('six')) ? 'direct' : 'relayed'
  // Streams go out only, so the other end must be open to them.
  if (has('blocked')) return other('blocked') === 'open' ? 'direct' : 'relayed'
  if (has('rand') && STRICT.has(other('rand'))) return 'mostly direct'
  return STEADY.has(one) || STEADY.has(two) ? 'direct' : 'relayed'
}

const PAIRS: readonly Pair[] = ATTACHMENT_KINDS.flatMap((one, at) =>
  ATTACHMENT_KINDS.slice(at).map((two) => [one, two] as const),
)

function pairsThatAre(expectation: Expectation): readonly Pair[] {
  return PAIRS.filter((pair) => expected(pair) === expectation)
}

async function meetAll(pair: Pair) {
  const meetings = []
  for (const seed of SEEDS) {
    const meeting = await meet(pair, { seed, forMs: WATCHED_MS })
    expect(meeting.firstReplyMs ?? Infinity).toBeLessThanOrEqual(FIRST_REPLY_MAX_MS)
    meetings.push(meeting)
  }
  return meetings
}

it('there are 55 pairs', () => {
  expect(PAIRS.length).toBe(55)
})

describe('two nodes that start at once', () => {
  it.each(pairsThatAre('direct'))('meet, and directly: %s and %s', async (...pair) => {
    for (const meeting of await meetAll(pair)) {
      expect(meeting.directMs ?? Infinity).toBeLessThanOrEqual(DIRECT_MAX_MS)
      expect(meeting).toMatchObject({ relayedAfter: 0, fallbacks: 0 })
    }
  })

  it.each(pairsThatAre('relayed'))('meet through a third: %s and %s', async (...pair) => {
    for (const { path } of await meetAll(pair)) expect(path).toBe('relay')
  })

  it.each([1, 3])(
    'do not wait a second for a late answer to be put right, seed %i',
    async (seed) => {
      // An answer that took a detour replaced a newer one, and neither end had news for the other.
      const { firstReplyMs } = await meet(['open', 'open'], { seed, forMs: 2_000 })
      expect(firstReplyMs ?? Infinity).toBeLessThanOrEqual(700)
    },
  )

  it('meet, and mostly directly, where random ports face strict filters', async () => {
    const meetings = []
    for (const pair of pairsThatAre('mostly direct')) meetings.push(...(await meetAll(pair)))
    const direct = meetings.filter(({ directMs }) => (directMs ?? Infinity) <= DIRECT_MAX_MS)
    expect(direct.length / meetings.length).toBeGreaterThanOrEqual(0.6)
  })
})

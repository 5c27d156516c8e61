/** Silence, probes and misses, without a network. */
import { describe, expect, it } from '@jest/globals'
import { SeededRandom } from '@ipop/simulator'
import { Liveness } from '../../src/channel/liveness.ts'
import { RttEstimator } from '../../src/channel/rtt-estimator.ts'
import {
  ANSWER_MS,
  LOST_SILENCE_MIN_MS,
  PROBE_TIMEOUT_MAX_MS,
  PROBE_TIMEOUT_MIN_MS,
  UNANSWERED_PROBE_MS,
} from '../../src/limits.ts'

describe('liveness', () => {
  it('probes after silence, warns at the second miss and gives up after the third', () => {
    const liveness = quiet({ isFirst: false })
    expect(liveness.handleTimeout(14_999)).toBeUndefined()
    expect(liveness.pollTimeout()).toBeGreaterThanOrEqual(15_000)
    expect(liveness.pollTimeout()).toBeLessThanOrEqual(16_500)
    expect(liveness.handleTimeout(16_500)).toBe('probe')
    liveness.probeSent(17_500)
    expect(liveness.handleTimeout(17_499)).toBeUndefined()
    expect(liveness.handleTimeout(17_500)).toBe('probe all')
    liveness.probeSent(18_500)
    expect(liveness.handleTimeout(18_500)).toBe('suspect')
    expect(liveness.isSuspect).toBe(true)
    liveness.probeSent(19_500)
    expect(liveness.handleTimeout(19_500)).toBe('lost')
    expect(liveness.handleTimeout(99_999)).toBeUndefined()
  })

  it('asks soon whether what it sent arrived, unless the peer was heard just before', () => {
    const liveness = quiet({ isFirst: false })
    liveness.heard(1_000)
    expect(liveness.sent(1_000 + ANSWER_MS - 1)).toBeGreaterThan(15_000)
    expect(liveness.sent(1_000 + ANSWER_MS)).toBe(1_000 + ANSWER_MS + UNANSWERED_PROBE_MS)
  })

  it('asks a peer that is watched closely more than three times, as the silence was short', () => {
    const liveness = quiet({ isFirst: false })
    liveness.idleProbeMs = 3_000
    expect(liveness.handleTimeout(3_300)).toBe('probe')
    const advice = [3_500, 3_900, 4_300, 4_700, 5_100].map((missAt) => {
      liveness.probeSent(missAt)
      return liveness.handleTimeout(missAt)
    })
    expect(advice).toEqual(['probe all', 'suspect', 'probe all', 'probe all', 'lost'])
  })

  it('waits no longer for the own probe of a peer that comes to be watched closely', () => {
    const advice = [15_000, 5_000].map((idleProbeMs) => {
      const liveness = quiet({ isFirst: true })
      liveness.handleTimeout(14_250)
      liveness.probeSent(14_450)
      liveness.handleTimeout(14_450)
      liveness.watch(idleProbeMs)
      return [14_850, 15_250].map((at) => {
        liveness.probeSent(at)
        return liveness.handleTimeout(at)
      })
    })
    expect(advice).toEqual([
      ['suspect', 'probe all'],
      ['suspect', 'lost'],
    ])
  })

  it('doubles the pause between the probes of such a peer once only', () => {
    const backoffs = [15_000, 3_000].map((idleProbeMs) => {
      const liveness = quiet({ isFirst: false })
      liveness.idleProbeMs = idleProbeMs
      return [20_000, 21_000, 22_000].map((at) => {
        liveness.handleTimeout(at)
        liveness.probeSent(at + 500)
        return liveness.backoff
      })
    })
    expect(backoffs).toEqual([
      [0, 1, 2],
      [0, 1, 1],
    ])
  })

  it('says when little time is left for what is tried at last', () => {
    const liveness = quiet({ isFirst: true })
    liveness.handleTimeout(14_250)
    const isNearlyLost = [14_450, 14_850, 15_650, 16_050, 16_850].map((at) => {
      liveness.probeSent(at)
      liveness.handleTimeout(at)
      return liveness.isNearlyLost(at)
    })
    expect(isNearlyLost).toEqual([false, false, false, true, true])
  })

  it('remembers when a peer answered after all', () => {
    const liveness = quiet({ isFirst: false })
    liveness.heard(1_000)
    expect(liveness.recoveredAt).toBe(Number.NEGATIVE_INFINITY)
    liveness.handleTimeout(18_000)
    liveness.probeSent(18_500)
    liveness.handleTimeout(18_500)
    liveness.heard(18_600)
    expect(liveness.recoveredAt).toBe(18_600)
  })

  it('forgets misses when anything is heard', () => {
    const liveness = quiet({ isFirst: false })
    liveness.handleTimeout(16_500)
    liveness.probeSent(17_500)
    liveness.handleTimeout(17_500)
    liveness.probeSent(18_500)
    liveness.heard(18_000)
    expect(liveness.misses).toBe(0)
    expect(liveness.handleTimeout(18_500)).toBeUndefined()
    expect(liveness.pollTimeout()).toBeGreaterThanOrEqual(33_000)
  })

  it('lets the end with the lower address probe first, so that one probe serves both', () => {
    for (let seed = 0; seed < 100; seed++) {
      const first = quiet({ isFirst: true, seed })
      const second = quiet({ isFirst: false, seed: seed + 1_000 })
      expect(second.pollTimeout() - first.pollTimeout()).toBeGreaterThanOrEqual(750)
    }
  })

  it('waits for the own probe of a peer that fell silent while idle', () => {
    const liveness = quiet({ isFirst: true })
    liveness.handleTimeout(14_250)
    for (let at = 14_450; ; at += 200) {
      liveness.probeSent(at)
      const advice = liveness.handleTimeout(at)
      if (advice !== 'lost') continue
      expect(at).toBeGreaterThanOrEqual(16_500)
      expect(at).toBeLessThanOrEqual(17_500)
      break
    }
  })

  it('says whether a probe waits for its answer, which another one must not put off', () => {
    const liveness = quiet({ isFirst: true })
    expect(liveness.isProbing).toBe(false)
    liveness.probeSent(1_200)
    expect(liveness.isProbing).toBe(true)
    liveness.heard(1_100)
    expect(liveness.isProbing).toBe(false)
  })

  it('does not wait when the probe was asked for, but for a peer that was heard just now', () => {
    for (const [heardAt, first] of [
      [0, 4_800],
      [4_000, 5_000],
    ] as const) {
      const liveness = quiet({ isFirst: true })
      liveness.heard(heardAt)
      let at = first
      for (liveness.probeSent(at); liveness.handleTimeout(at) !== 'lost'; at += 200)
        liveness.probeSent(at + 200)
      expect(at - heardAt).toBe(heardAt === 0 ? 5_200 : LOST_SILENCE_MIN_MS)
    }
  })
})

describe('probe timeout', () => {
  it('starts at a second, follows the round trip, and stays within its bounds', () => {
    const rtt = new RttEstimator()
    expect(rtt.timeoutMs()).toBe(1_000)
    rtt.update(100)
    expect(rtt.timeoutMs()).toBe(300)
    for (let i = 0; i < 100; i++) rtt.update(100)
    expect(rtt.smoothedMs).toBeCloseTo(100)
    expect(rtt.timeoutMs()).toBe(PROBE_TIMEOUT_MIN_MS)
    expect(rtt.timeoutMs(2)).toBe(4 * PROBE_TIMEOUT_MIN_MS)
    rtt.update(60_000)
    expect(rtt.timeoutMs()).toBe(PROBE_TIMEOUT_MAX_MS)
  })
})

function quiet({ isFirst, seed = 1 }: { isFirst: boolean; seed?: number }): Liveness {
  const random = new SeededRandom(seed)
  return new Liveness({ random }, { idleProbeMs: 15_000, isFirst, now: 0 })
}

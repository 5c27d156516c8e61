/** Latency models are symmetric where they say so, bounded, and repeatable. */
import { describe, expect, it } from '@jest/globals'
import {
  constantLatency,
  matrixLatency,
  SeededRandom,
  torusLatency,
  uniformLatency,
} from '../../src/index.ts'
import type { LatencyModel } from '../../src/index.ts'

const PLACES = Array.from({ length: 12 }, (_, index) => ({ name: `host-${index}`, index }))

describe('latency models', () => {
  it.each<[string, LatencyModel]>([
    ['constant', constantLatency(50)],
    ['uniform', uniformLatency(10, 90)],
    ['torus', torusLatency(90, 10)],
  ])('%s: within bounds, the same both ways and in every world of a seed', (_name, model) => {
    const [one, other] = [model(new SeededRandom(1)), model(new SeededRandom(1))]
    for (const from of PLACES) {
      for (const to of PLACES) {
        const latencyMs = one(from, to)
        expect(latencyMs).toBeGreaterThanOrEqual(10)
        expect(latencyMs).toBeLessThanOrEqual(90)
        expect(one(to, from)).toBeCloseTo(latencyMs, 9)
        expect(other(from, to)).toBe(latencyMs)
      }
    }
  })

  it('torus: keeps to the triangle inequality', () => {
    const latency = torusLatency(100, 0)(new SeededRandom(2))
    for (const a of PLACES.slice(0, 4)) {
      for (const b of PLACES.slice(4, 8)) {
        for (const c of PLACES.slice(8)) {
          expect(latency(a, c)).toBeLessThanOrEqual(latency(a, b) + latency(b, c) + 1e-9)
        }
      }
    }
  })

  it('matrix: reads its table in turn and replaces missing pairs', () => {
    const latency = matrixLatency([
      [0, 30],
      [-1, 0],
    ])(new SeededRandom(1))
    const [zero, one, two] = PLACES as [(typeof PLACES)[0], (typeof PLACES)[0], (typeof PLACES)[0]]
    expect([latency(zero, one), latency(one, zero), latency(two, one)]).toEqual([30, 500, 30])
  })
})

/** What is learnt of a NAT from observations, and the guesses made against one. */
import { describe, expect, it } from '@jest/globals'
import { SeededRandom } from '@ipop/simulator'
import { TransportAddress } from '@ipop/transport'
import { NAT_OBSERVATION_TTL_MS, PORT_GUESSES_MAX } from '../../src/limits.ts'
import { GuessBurst } from '../../src/nat/guess-burst.ts'
import { NatObserver } from '../../src/nat/nat-observer.ts'

const HOST = '203.0.113.1'

function at(port: number, host = HOST): TransportAddress {
  return TransportAddress.udp({ host, port })
}

/** Returns an observer to which each destination reported one port of the same socket. */
function observing(ports: readonly number[], isLocal = false): NatObserver {
  const observer = new NatObserver()
  for (const [index, port] of ports.entries())
    observer.observe(
      { destination: `198.51.100.${index}`, socket: 4000, observed: at(port), isLocal },
      0,
    )
  return observer
}

describe('the mapping of a NAT', () => {
  it.each([
    [[], 'unknown'],
    [[4000], 'unknown'],
    [[4000, 4000], 'independent'],
    [[20_000, 20_001], 'sequential'],
    [[20_004, 20_000, 20_002], 'sequential'],
    [[20_000, 41_000], 'random'],
    [[20_000, 20_001, 50_000], 'random'],
  ] as const)('is learnt from ports %j: %s', (ports, mapping) => {
    expect(observing(ports).mapping(0)).toBe(mapping)
  })

  it('is independent where the bound address is seen', () => {
    expect(observing([4000], true).mapping(0)).toBe('independent')
    expect(observing([4000], true).outside(0)).toBeUndefined()
  })

  it('is forgotten when nobody confirms it', () => {
    expect(observing([4000, 4000]).mapping(NAT_OBSERVATION_TTL_MS + 1)).toBe('unknown')
  })

  it('counts only the external address seen last', () => {
    const observer = observing([4000, 4001])
    const seen = { destination: 'x', socket: 4000, isLocal: false }
    observer.observe({ ...seen, observed: at(9, '203.0.113.9') }, 1)
    expect(observer.mapping(1)).toBe('unknown')
  })
})

describe('the ports to try from outside', () => {
  it('are the one seen, a few behind an unknown one, and a row of sequential ones', () => {
    expect(observing([4000, 4000]).outside(0)).toEqual({ first: at(4000), step: 1, count: 1 })
    expect(observing([4000]).outside(0)).toEqual({ first: at(4000), step: 1, count: 9 })
    const row = observing([20_000, 20_002, 20_006]).outside(0)
    expect(row).toEqual({ first: at(20_000), step: 2, count: 20 })
  })

  it('stay within the range of ports', () => {
    const row = observing([65_534, 65_535]).outside(0)
    expect(row && row.first.port + (row.count - 1) * row.step).toBe(65_535)
    const low = observing([2, 3]).outside(0)
    expect(low?.first.port).toBeGreaterThan(0)
  })
})

describe('a burst of guesses', () => {
  it('tries each port once, paced, and ends', () => {
    const burst = new GuessBurst({ random: new SeededRandom(1) }, at(1), 0)
    const ports = new Set<number>()
    let now = 0
    let steps = 0
    while (burst.pollTimeout() !== Number.POSITIVE_INFINITY) {
      now = burst.pollTimeout()
      for (const ta of burst.take(now)) ports.add(ta.port)
      steps++
    }
    expect(ports.size).toBe(PORT_GUESSES_MAX)
    expect(steps).toBe(32)
    expect(now).toBe(31 * 50)
  })
})

/** The network check of a node: counts and advice. */
import { describe, expect, it } from '@jest/globals'
import { netcheckOf } from '../../src/management/control/netcheck.ts'
import type { ConnectionView, ReachView, RingNode } from '../../src/services.ts'

const OPEN: ReachView = { mapping: 'independent', endpoints: [], heardOver: ['udp'] }

function check(reach: ReachView, kinds: readonly string[]) {
  const connections = kinds.map((kind) => ({ edgeKinds: [kind] }) as unknown as ConnectionView)
  const ring = { reach: () => reach, connections: () => connections }
  return netcheckOf(ring as unknown as RingNode)
}

describe('netcheckOf', () => {
  it('counts sessions by path', () => {
    expect(check(OPEN, ['udp', 'relay', 'udp']).paths).toEqual({ udp: 2, relay: 1 })
  })

  it.each([
    [OPEN, ['udp'], 'No NAT'],
    [{ ...OPEN, mapping: 'random' }, ['udp'], 'random port'],
    [{ ...OPEN, mapping: 'sequential' }, ['udp'], 'in a row'],
    [{ ...OPEN, heardOver: ['tcp'] }, ['tcp'], 'No UDP comes back'],
    [OPEN, [], 'Nobody answers'],
  ] as const)('advises %j with %j', (reach, kinds, text) => {
    expect(check(reach, kinds).advice.join(' ')).toContain(text)
  })
})

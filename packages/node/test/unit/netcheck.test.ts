/** The network check of a node: counts and advice. */
import { describe, expect, it } from '@jest/globals'
import { netcheckOf } from '../../src/management/control/netcheck.ts'
import type { ConnectionView, PortMappingView, ReachView, RingNode } from '../../src/services.ts'

const OPEN: ReachView = { mapping: 'independent', endpoints: [], heardOver: ['udp'] }

function check(reach: ReachView, kinds: readonly string[], portMapping?: PortMappingView) {
  const connections = kinds.map((kind) => ({ edgeKinds: [kind] }) as unknown as ConnectionView)
  const ring = { reach: () => reach, connections: () => connections }
  return netcheckOf(ring as unknown as RingNode, portMapping)
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

  const behind: ReachView = { ...OPEN, mapping: 'random', outside: 'brunet.udp://203.0.113.1:4000' }
  const spoken = { state: 'none', protocols: [], mapped: [] }
  const refusal = (reason: string) => [{ protocol: 'pcp', state: 'refused', reason }]

  it.each([
    [undefined, 'turned off'],
    [{ ...spoken, state: 'mapped' }, 'others reach it directly'],
    [{ ...spoken, state: 'private', privateHost: '100.64.0.2' }, '100.64.0.2 is private'],
    [spoken, 'turn on UPnP'],
    [{ ...spoken, protocols: [{ protocol: 'upnp', state: 'available' }] }, 'forwards nothing'],
    [{ ...spoken, protocols: refusal('not authorized') }, 'pcp: not authorized'],
    [{ ...spoken, protocols: refusal('network failure') }, 'another NAT'],
  ] as const)('advises a node behind a NAT with %j', (portMapping, text) => {
    expect(check(behind, ['udp'], portMapping).advice.join(' ')).toContain(text)
    expect(check(OPEN, ['udp'], portMapping).advice.join(' ')).not.toContain(text)
  })

  it('asks nobody to forward a port that is mapped', () => {
    const { advice } = check(behind, ['udp'], { ...spoken, state: 'mapped' })
    expect(advice.join(' ')).not.toContain('expect relays')
  })
})

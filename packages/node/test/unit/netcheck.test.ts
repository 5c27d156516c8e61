/** The network check of a node: counts and advice. */
import { describe, expect, it } from '@jest/globals'
import { netcheckOf } from '../../src/management/control/netcheck.ts'
import type {
  ConnectionView,
  PortMappingView,
  ReachCheckView,
  ReachView,
  RingNode,
} from '../../src/services.ts'

const OPEN: ReachView = { mapping: 'independent', endpoints: [], heardOver: ['udp'] }

function check(
  reach: ReachView,
  kinds: readonly string[],
  portMapping?: PortMappingView,
  found?: ReachCheckView,
) {
  const connections = kinds.map((kind) => ({ edgeKinds: [kind] }) as unknown as ConnectionView)
  const ring = { reach: () => reach, connections: () => connections }
  return netcheckOf(ring as unknown as RingNode, portMapping, found)
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

  const steady: ReachView = { ...OPEN, outside: 'brunet.udp://203.0.113.1:4000' }
  const filtering = (ipv4: string, ipv6 = 'unknown') => ({
    filtering: { ipv4, ipv6 },
    bootstraps: [],
  })

  it.each([
    [steady, filtering('independent'), 'lets everybody in'],
    [OPEN, filtering('port'), 'open its UDP port'],
    [OPEN, filtering('unknown', 'port'), 'filters IPv6'],
  ] as const)('advises %j with filters %j', (reach, found, text) => {
    expect(check(reach, ['udp'], undefined, found)).toMatchObject(found)
    expect(check(reach, ['udp'], undefined, found).advice.join(' ')).toContain(text)
    const unknown = check(reach, ['udp'], undefined, filtering('unknown'))
    expect(unknown.advice.join(' ')).not.toContain(text)
  })

  it('names bootstraps of which no address answers', () => {
    const answered = { address: 'a', kind: 'udp', family: 4, node: 'n', rttMs: 1 } as const
    const silent = { address: 'b', kind: 'udp', family: 4 } as const
    const adviceFor = (bootstraps: ReachCheckView['bootstraps']) => {
      const found = { ...filtering('unknown'), bootstraps }
      return check(OPEN, ['udp'], undefined, found).advice.join(' ')
    }
    expect(adviceFor([answered, silent])).toContain('No answer from b:')
    expect(adviceFor([answered, { ...silent, address: 'a' }])).not.toContain('answer')
    expect(adviceFor([silent])).toContain('No configured bootstrap answers')
    // One sentence for what has one cause.
    const advice = adviceFor([answered, { ...silent, family: 6 }])
    expect(advice).toContain('over IPv6: this node has none')
    expect(advice).not.toContain('No answer from')
    expect(adviceFor([{ ...answered, kind: 'tcp' }, silent])).not.toContain('No answer from')
  })

  it('asks nobody to forward a port that is mapped', () => {
    const { advice } = check(behind, ['udp'], { ...spoken, state: 'mapped' })
    expect(advice.join(' ')).not.toContain('expect relays')
  })
})

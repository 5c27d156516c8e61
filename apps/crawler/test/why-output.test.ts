/** What people see of the ways to a peer. */
import { describe, expect, it } from '@jest/globals'
import { whyLines } from '../src/why-output.ts'

describe('whyLines', () => {
  it('lists every way and what became of it', () => {
    const direct = { endpoint: 'brunet.udp://192.0.2.1:1', kind: 'udp', origin: 'public' }
    const relay = { endpoint: 'relay:b', kind: 'relay', origin: 'relay' }
    const paths = [
      { ...relay, outcome: 'active', tries: 7, rttMs: 41.3, heardMsAgo: 400, activeForMs: 65_000 },
      { ...direct, outcome: 'no answer', tries: 12 },
    ]
    expect(whyLines({ address: 'a', isConnected: true, paths })).toEqual([
      'a: connected',
      'endpoint                  origin  outcome               pings  rtt      heard',
      'relay:b                   relay   active for 1 min 5 s  7      41.3 ms  0 s ago',
      'brunet.udp://192.0.2.1:1  public  no answer             12     -        never',
    ])
  })

  it('says when nothing was tried', () => {
    expect(whyLines({ address: 'a', isConnected: false, paths: [] })).toEqual([
      'a: no session',
      'nothing was tried: nobody asked for this node lately',
    ])
  })
})

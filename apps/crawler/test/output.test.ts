/** What people see of status and peers. */
import { describe, expect, it } from '@jest/globals'
import { netcheckLines, pingLine, peerLines, statusLines } from '../src/ipop-output.ts'

describe('statusLines', () => {
  it('shows one node with its virtual network', () => {
    const node = {
      address: 'brunet:node:A',
      type: 'IpopNode',
      namespace: 'demo',
      state: 'connected',
      neighbors: { self: 'brunet:node:A', left: 'brunet:node:B' },
      cons: 3,
      udp: 2,
      tcp: 1,
      tunnel: 0,
      subring: 0,
      transportAddresses: ['brunet.udp://192.0.2.1:1'],
      dhtEntries: 4,
      IpopNamespace: 'net',
      VirtualIPs: ['10.0.0.1'],
      dataPlane: { name: 'javascript', reason: 'a TAP interface' },
    }
    expect(statusLines({ pid: 7, uptimeSeconds: 3_700, nodes: [node] })).toEqual([
      'process 7, up 1 h 1 min',
      '',
      'brunet:node:A  IpopNode, connected',
      '  namespace    demo',
      '  reachable    brunet.udp://192.0.2.1:1',
      '  left         brunet:node:B',
      '  right        nobody',
      '  connections  3 (udp 2, tcp 1, relay 0, ring 0)',
      '  DHT entries  4',
      '  network      net',
      '  virtual IP   10.0.0.1',
      '  data plane   javascript (slow): a TAP interface',
    ])
  })
})

describe('netcheckLines', () => {
  it('says what is known and what to do', () => {
    const reply = {
      mapping: 'random',
      outside: 'brunet.udp://203.0.113.1:4000',
      endpoints: ['brunet.udp://192.168.0.2:4000'],
      heardOver: ['udp'],
      paths: { udp: 3, relay: 1 },
      filtering: { ipv4: 'port', ipv6: 'unknown' },
      bootstraps: [
        { address: 'brunet.udp://one:1', endpoint: 'brunet.udp://192.0.2.1:1', rttMs: 12.34 },
        { address: 'brunet.tcp://two:1' },
      ],
      portMapping: {
        state: 'mapped',
        protocols: [
          { protocol: 'pcp', state: 'refused', reason: 'not authorized' },
          { protocol: 'upnp', state: 'available' },
        ],
        mapped: ['brunet.udp://203.0.113.1:4000'],
      },
      advice: ['Forward a port.'],
    }
    expect(netcheckLines(reply)).toEqual([
      'mapping    a new random port for every destination',
      'filter v4  only the very ports that were written to are let in',
      'filter v6  not known: no peer could test it',
      'seen at    brunet.udp://203.0.113.1:4000',
      'offered    brunet.udp://192.168.0.2:4000',
      'answers    udp',
      'paths      udp 3, relay 1',
      'gateway    pcp refused (not authorized), upnp available',
      'mapped     brunet.udp://203.0.113.1:4000',
      'bootstrap  brunet.udp://192.0.2.1:1 12.3 ms',
      'bootstrap  brunet.tcp://two:1 (name not resolved) no answer',
      'advice     Forward a port.',
    ])
    const nothing = { mapping: 'unknown', endpoints: [], heardOver: [], paths: {}, advice: [] }
    expect(netcheckLines(nothing)).toContain('paths      none')
  })
})

describe('pingLine', () => {
  it('names the path', () => {
    const reply = { address: 'a', ms: 1.25, hops: 1 }
    expect(pingLine(reply, 1)).toBe('a: seq=1 hops=1 time=1.3 ms via ring')
    expect(pingLine({ ...reply, path: 'relay' }, 2)).toContain('via relay')
    const direct = { ...reply, path: 'udp', remote: 'brunet.udp://192.0.2.1:1' }
    expect(pingLine(direct, 3)).toContain('via udp brunet.udp://192.0.2.1:1')
    const relayed = { address: 'a', ms: 1, hops: 1, path: 'relay', relay: 'brunet:node:b' }
    expect(pingLine(relayed, 3)).toContain('via relay brunet:node:b')
  })

  it('shows the moment at which the path changes', () => {
    const relayed = { address: 'a', ms: 1, hops: 1, path: 'relay', relay: 'brunet:node:b' }
    const direct = { address: 'a', ms: 1, hops: 1, path: 'udp', remote: 'brunet.udp://192.0.2.1:1' }
    expect(pingLine(direct, 2, relayed)).toContain(
      'via udp brunet.udp://192.0.2.1:1 (was relay brunet:node:b)',
    )
    expect(pingLine(direct, 3, direct)).not.toContain('was')
  })
})

describe('the lines of a native data plane', () => {
  it('name what the kernel helps with', () => {
    const features = { udpSegment: false, udpGro: true }
    const node = { dataPlane: { name: 'rust', features }, IpopNamespace: 'net' }
    const reply = { pid: 7, uptimeSeconds: 0, nodes: [{ ...PLAIN_NODE, ...node }] }
    expect(statusLines(reply).slice(-2)).toEqual([
      '  data plane   rust',
      '  offloads     no udpSegment, udpGro',
    ])
  })
})

const PLAIN_NODE = {
  type: 'IpopNode',
  address: 'brunet:node:A',
  namespace: 'demo',
  state: 'connected',
  neighbors: { self: 'brunet:node:A' },
  cons: 0,
  udp: 0,
  tcp: 0,
  tunnel: 0,
  subring: 0,
  transportAddresses: [],
  dhtEntries: 0,
}

describe('peerLines', () => {
  it('lines columns up', () => {
    const peers = [
      {
        address: 'a',
        roles: ['near'],
        edgeKinds: ['udp', 'tcp'],
        remote: 'brunet.udp://192.0.2.1:1',
        rttMs: 1.25,
        activeForMs: 184_000,
        traffic: { packetsIn: 3, bytesIn: 120, packetsOut: 4_000, bytesOut: 5_600_000 },
        refusals: { replays: 12, authFailures: 3, malformed: 0, tooBig: 7, punted: 1 },
      },
      { address: 'bbbbbbbbbb', roles: ['near', 'leaf'], edgeKinds: [] },
      { address: 'c', roles: [], edgeKinds: ['relay', 'ring'], relay: 'brunet:node:a' },
    ]
    expect(peerLines(peers)).toEqual([
      'address     roles      path   remote                    rtt     since      received   sent           replays  forged  other losses',
      'a           near       udp    brunet.udp://192.0.2.1:1  1.3 ms  3 min 4 s  3 (120 B)  4000 (5.6 MB)  12       3       tooBig 7, punted 1',
      'bbbbbbbbbb  near,leaf  -      -                         -       -          -          -              -        -       -',
      'c                      relay  brunet:node:a             -       -          -          -              -        -       -',
    ])
  })
})

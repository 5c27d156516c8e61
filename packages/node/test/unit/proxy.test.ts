/** The methods of /xm.rem: this node, other nodes, and what is out of reach. */
import { beforeEach, describe, expect, it } from '@jest/globals'
import type { CborValue } from '@ipop/codec'
import { createNodeMethods, type NodeMethods } from '../../src/management/node-methods.ts'
import { FakeDht, fakeNode, FakeRing, type FakeRingNode } from '../helpers/fake-ring.ts'
import { FakeRuntime } from '../helpers/fake-runtime.ts'

let runtime: FakeRuntime
let nodes: FakeRingNode[]
let dht: FakeDht
let methods: NodeMethods[]

beforeEach(() => {
  runtime = new FakeRuntime()
  const ring = new FakeRing()
  nodes = [0x10, 0x50, 0x90, 0xd0].map((byte) => ring.add(byte))
  dht = new FakeDht()
  const ips = new Map(nodes.map((node, index) => [`10.0.0.${index + 1}`, node.address]))
  methods = nodes.map((node) => createNodeMethods(fakeNode(node, dht, ips), runtime))
})

const text = (index: number) => nodes[index]?.address.toString() ?? ''
const local = (method: string, ...params: CborValue[]) =>
  methods[0]?.dispatch('localproxy', [method, ...params])
const proxy = (...params: CborValue[]) => methods[0]?.dispatch('proxy', params)

describe('localproxy', () => {
  it('tells the neighbours with absent ones left out', async () => {
    expect(await local('sys:link.GetNeighbors')).toEqual({
      self: text(0),
      left: text(1),
      left2: text(2),
      right: text(3),
      right2: text(2),
    })
  })

  it('tells about the node in the shape that scripts read', async () => {
    expect(await local('Information.Info')).toEqual({
      type: 'IpopNode',
      geo_loc: ',',
      localips: ['192.0.2.7', 'fd00::7'],
      neighbors: await local('sys:link.GetNeighbors'),
      udp: 3,
      tcp: 0,
      tunnel: 0,
      subring: 0,
      cons: 3,
      sas: 3,
      VirtualIPs: ['10.0.0.1'],
      IpopNamespace: 'ipop_ns',
    })
  })

  it('lists connections below a header', async () => {
    expect(await local('ConnectionTable.GetConnections', 'structured')).toEqual([
      'structured',
      ['address', 'sender', 'subtype'],
      ...[1, 2, 3].map((index) => [text(index), `sender:edge?num=${index - 1}`, '.near']),
    ])
    expect(await local('ConnectionTable.GetConnections', 'leaf')).toHaveLength(2)
  })

  it('puts and gets', async () => {
    expect(await local('DhtClient.Get', 'k')).toEqual([])
    expect(await local('DhtClient.Put', new Uint8Array([107]), 'v', 60)).toBe(true)
    const value = { age: 3, ttl: 600, value: new Uint8Array([118]) }
    expect(await local('DhtClient.Get', 'k')).toEqual([value])
    await expect(local('DhtClient.Create', 'k', 'w', 60)).rejects.toThrow('DHT_ENTRY_EXISTS')
    expect(await local('dht.Count')).toBe(1)
    expect(await local('dht.Dump')).toEqual([
      [
        {
          key: new Uint8Array([107]),
          value: new Uint8Array([118]),
          create_time: '1000',
          end_time: '2000',
        },
      ],
    ])
  })

  it('reads a get one value at a time', async () => {
    await local('DhtClient.Put', 'k', 'v', 60)
    const token = (await local('DhtClient.BeginGet', 'k')) as Uint8Array
    expect(token).toHaveLength(40)
    expect(await local('DhtClient.ContinueGet', token)).toMatchObject({ ttl: 600 })
    expect(await local('DhtClient.ContinueGet', token)).toEqual({})
    expect(await local('DhtClient.EndGet', token)).toBe(true)
    expect(await local('DhtClient.EndGet', token)).toBe(false)
  })

  it('forgets the oldest of too many open gets', async () => {
    const first = (await local('DhtClient.BeginGet', 'k')) as Uint8Array
    for (let index = 0; index < 100; index += 1) await local('DhtClient.BeginGet', 'k')
    expect(await local('DhtClient.EndGet', first)).toBe(false)
  })

  it('keeps registered entries alive, and tries again when the DHT fails', async () => {
    const puts = () => [...dht.entries.values()].flatMap((entry) => entry.values).length
    dht.isBroken = true
    expect(await local('RpcDhtProxy.Register', 'k', 'v', 3_600)).toBe(true)
    await runtime.advance(29_000)
    dht.isBroken = false
    expect(puts()).toBe(0)
    await runtime.advance(1_000)
    expect(puts()).toBe(1)
    await runtime.advance(1_800_000)
    expect(puts()).toBe(2)
    expect(await local('RpcDhtProxy.ListEntries')).toEqual([
      { Key: new Uint8Array([107]), Value: new Uint8Array([118]), Ttl: 3_600 },
    ])
    expect(await local('RpcDhtProxy.Unregister', 'k', 'v')).toBe(true)
    expect(await local('RpcDhtProxy.ListEntries')).toEqual([])
    expect(runtime.armed).toBe(0)
  })

  it('refuses one registration too many', async () => {
    for (let index = 0; index < 1_000; index += 1)
      await local('RpcDhtProxy.Register', `k${index}`, 'v', 60)
    await expect(local('RpcDhtProxy.Register', 'one more', 'v', 60)).rejects.toThrow(
      'at most 1000 entries',
    )
    methods[0]?.stop()
  })

  it('traces', async () => {
    expect(await local('trace.GetRttTo', text(2))).toEqual({ target: text(2), musec: 0 })
    expect(await local('trace.GetRouteTo', text(2))).toEqual([
      { node: text(0), next_con: text(2) },
      { node: text(2) },
    ])
  })

  it('says who holds a virtual address and how it is reached', async () => {
    expect(await local('Ipop.GetMapping', '10.0.0.3')).toBe(text(2))
    expect(await local('Ipop.GetMapping', '10.0.0.9')).toBe('NoSuchMapping')
    expect(await local('Ipop.GetState', '10.0.0.3')).toBe(
      `${text(2)}: Connected (near) by udp brunet.udp://192.0.2.1:1, 2.5 ms; Security association: Active`,
    )
    expect(await local('Ipop.GetState', '10.0.0.1')).toContain('is this node')
    expect(await local('Ipop.GetState', '10.0.0.9')).toBe('No mapping')
  })

  it.each([
    ['a method that is not there', ['No.Such'], 'No such method: No.Such'],
    ['too few parameters', ['DhtClient.Get'], 'DhtClient.Get takes 1 parameters, not 0'],
    [
      'a wrong kind',
      ['DhtClient.Put', 'k', 'v', 'long'],
      'parameter 3 of DhtClient.Put is not a whole number',
    ],
    [
      'a bad address',
      ['trace.GetRttTo', 'x'],
      'parameter 1 of trace.GetRttTo is not a node address',
    ],
    [
      'a time to live of zero',
      ['DhtClient.Put', 'k', 'v', 0],
      'a time to live is 1 to 604800 seconds, not 0',
    ],
    [
      'a value that is too long',
      ['DhtClient.Put', 'k', 'v'.repeat(1_025), 60],
      'at most 1024 bytes',
    ],
    ['an empty key', ['DhtClient.Get', ''], 'a key has 1 to 1024 bytes'],
    ['no method at all', [], 'parameter 1 is not a text'],
  ])('refuses %s', async (_name, params, message) => {
    await expect(methods[0]?.dispatch('localproxy', params)).rejects.toThrow(message)
  })
})

describe('proxy', () => {
  it('asks another node', async () => {
    expect(await proxy(text(2), 5, 1, 'sys:link.Ping', 'hi')).toEqual(['hi'])
    expect(await proxy(text(2), 3, 1, 'sys:link.GetNeighbors')).toMatchObject([{ self: text(2) }])
    expect(await proxy(text(0), 3, -1, 'Information.Info')).toMatchObject([{ type: 'IpopNode' }])
  })

  it('returns nothing when nobody answers', async () => {
    const [, , third] = nodes
    if (third) third.isSilent = true
    expect(await proxy(text(2), 5, 1, 'sys:link.Ping', 'hi')).toEqual([])
  })

  it.each([
    'DhtClient.Get',
    'DhtClient.Put',
    'RpcDhtProxy.Register',
    'dht.Dump',
    'Ipop.GetState',
    'No.Such',
  ])('does not call %s on other nodes', async (method) => {
    await expect(proxy(text(2), 5, 1, method, 'x')).rejects.toThrow(
      `${method} cannot be called on other nodes`,
    )
    expect(nodes[2]?.served.has(method)).toBe(false)
  })

  it('refuses a routing option that does not exist', async () => {
    await expect(proxy(text(2), 9, 1, 'sys:link.Ping', 1)).rejects.toThrow(
      '9 is not a routing option (0 to 5)',
    )
  })
})

describe('uriproxy', () => {
  it('understands local and ring senders', async () => {
    const run = (uri: string) => methods[0]?.dispatch('uriproxy', [uri, 1, 'sys:link.GetNeighbors'])
    expect(await run('sender:localnode')).toMatchObject([{ self: text(0) }])
    const dest = text(3).replace('brunet:node:', '')
    expect(await run(`sender:ah?dest=${dest}&mode=exact`)).toMatchObject([{ self: text(3) }])
    await expect(run('sender:edge?num=4')).rejects.toThrow('Cannot parse URI: sender:edge?num=4')
  })
})

describe('forwardingproxy', () => {
  it('asks through another node, one leg only', async () => {
    const run = (method: string, ...params: CborValue[]) =>
      methods[0]?.dispatch('forwardingproxy', [text(1), 5, text(3), 10, 5, 1, method, ...params])
    expect(await run('sys:link.Ping', 'far')).toEqual(['far'])
    await expect(run('forward.Call', text(2), 5, 1, 'sys:link.Ping', [])).rejects.toThrow(
      'cannot be called',
    )
    await expect(run('DhtClient.Get', 'x')).rejects.toThrow('cannot be called')
  })
})

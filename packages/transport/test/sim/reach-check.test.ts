/** Reach checks in virtual time: what is learnt of the filters of every kind of NAT, and what nobody can have sent. */
import { describe, expect, it } from '@jest/globals'
import { TransportAddress } from '@ipop/transport'
import { REACH_CHECKS_MAX, REACH_PROBES_PER_SECOND_MAX } from '../../src/reach/limits.ts'
import { decodeReachMessage, encodeReachMessage } from '../../src/wire/reach-check.ts'
import { hostBehind, type NatKind, NATS, worldWithPublics } from '../helpers/natted.ts'
import { udpNode } from '../helpers/nodes.ts'

/** A node behind a NAT that is connected with the first of two public nodes, which are connected with each other. */
async function checked(kind: NatKind | undefined, { hasOther = true, knowsOther = false } = {}) {
  const {
    world,
    publics: [helper, other],
  } = await worldWithPublics(1)
  const behaviour = kind === undefined ? undefined : NATS[kind]
  const host = behaviour
    ? hostBehind(world, behaviour)
    : world.addHost({ addresses: ['203.0.113.1'] })
  const node = await udpNode(host)
  if (hasOther) helper.table.dial(other.table.hintOf())
  node.table.dial(helper.table.hintOf())
  if (knowsOther) node.table.dial(other.table.hintOf())
  await world.run({ forMs: 2_000 })
  const check = async (contacted: string[] = []) => {
    const inside = behaviour && ['192.168.0.2']
    const options = { family: 4, contacted, ...(inside && { inside }) } as const
    const result = node.table.reachChecks.check(options)
    await world.run({ forMs: 3_000 })
    return result
  }
  return { world, node, helper, other, check }
}

describe('a reach check', () => {
  it.each<[string, NatKind | undefined, string]>([
    ['no NAT', undefined, 'independent'],
    ['a full cone', 'full', 'independent'],
    ['an address-restricted cone', 'addr', 'address'],
    ['a port-restricted cone', 'port', 'port'],
    ['ports in a row', 'seq', 'port'],
    ['random ports', 'rand', 'port'],
    ['no UDP', 'blocked', 'unknown'],
  ])('behind %s', async (_name, kind, expected) => {
    const { check, node } = await checked(kind)
    expect(await check()).toBe(expected)
    const up = [...node.table.channels()].filter(({ state }) => state === 'up')
    expect(up.length).toBe(kind === 'blocked' ? 0 : 1)
  })

  it('claims no more than it can know without a host that it never wrote to', async () => {
    for (const options of [{ hasOther: false }, { knowsOther: true }]) {
      const { check } = await checked('full', options)
      expect(await check()).toBe('address or less')
    }
    const { check } = await checked('full')
    expect(await check(['198.51.100.2'])).toBe('address or less')
  })

  it('makes up for lost messages', async () => {
    const { world, node, helper, check } = await checked('addr')
    const [host] = world.hosts.filter(({ addresses }) => addresses.includes('192.168.0.2'))
    const [helperHost] = world.hosts
    if (!host || !helperHost) throw new Error('hosts')
    world.setLink(host, helperHost, { lossProbability: 0.3 })
    expect(await check()).toBe('address')
    expect(node.table.channel(helper.table.address)?.state).toBe('up')
  })

  it('runs a few times at once, and no more', async () => {
    const { world, node } = await checked('addr')
    const check = () => node.table.reachChecks.check({ family: 4, contacted: [] })
    const results = Array.from({ length: REACH_CHECKS_MAX + 1 }, check)
    await expect(results.at(-1)).resolves.toBe('unknown')
    await world.run({ forMs: 3_000 })
    await expect(results[0]).resolves.toBe('address')
    const again = check()
    await world.run({ forMs: 3_000 })
    await expect(again).resolves.toBe('address')
  })

  it('leaves the path of the session where it was', async () => {
    const { world, node, helper, check } = await checked('full')
    const before = node.table.channel(helper.table.address)?.activeEdge?.id
    await check()
    await world.run({ forMs: 30_000 })
    expect(node.table.channel(helper.table.address)?.activeEdge?.id).toBe(before)
  })
})

describe('a node that is asked for help', () => {
  it('sends probes to the asker only, and only so many', async () => {
    const { world, node, helper } = await checked('full')
    const sent: string[] = []
    world.onSend((_from, to) => sent.push(to.host))
    const channel = node.table.channel(helper.table.address)
    for (let id = 0; id < 100; id++)
      channel?.send(encodeReachMessage({ kind: 'ask', from: 'port', id, family: 4 }))
    await world.run({ forMs: 500 })
    const toAsker = sent.filter((host) => host === '203.0.113.1').length
    expect(toAsker).toBeLessThanOrEqual(2 * REACH_PROBES_PER_SECOND_MAX)
    expect(new Set(sent)).toEqual(new Set(['203.0.113.1', '198.51.100.1']))
    expect(helper.table.stats().drops['reach check: too many']).toBeGreaterThan(50)
  })

  it('carries nothing but datagrams of sessions, and not to where nothing may be sent', async () => {
    const { world, node, helper } = await checked('full')
    const channel = node.table.channel(helper.table.address)
    const to = (host: string) => TransportAddress.udp({ host, port: 53 })
    const carry = (host: string, first: number) =>
      channel?.send(
        encodeReachMessage({
          kind: 'carry',
          to: to(host),
          datagram: new Uint8Array(48).fill(first, 0, 1),
        }),
      )
    carry('198.51.100.9', 0x10)
    carry('127.0.0.1', 4)
    carry('0.0.0.0', 4)
    const sent: string[] = []
    world.onSend((_from, { host }) => sent.push(host))
    carry('198.51.100.9', 4)
    await world.run({ forMs: 200 })
    expect(helper.table.stats().drops).toMatchObject({
      'reach check: no probe': 1,
      'reach check: address not allowed': 2,
    })
    expect(sent.filter((host) => host === '198.51.100.9')).toHaveLength(1)
  })
})

describe('a probe', () => {
  it('that was not asked for changes nothing', async () => {
    const { world, node, helper } = await checked('full')
    const frame = encodeReachMessage({ kind: 'probe', from: 'host', id: 7 })
    expect(decodeReachMessage(frame)).toEqual({ kind: 'probe', from: 'host', id: 7 })
    const before = node.table.channel(helper.table.address)?.activeEdge?.id
    helper.table.channel(node.table.address)?.send(frame)
    await world.run({ forMs: 500 })
    expect(node.table.channel(helper.table.address)?.activeEdge?.id).toBe(before)
    expect(node.table.stats().drops).toEqual(expect.not.objectContaining({ 'no channel': 1 }))
  })
})

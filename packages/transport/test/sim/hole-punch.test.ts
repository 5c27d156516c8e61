/** Hole punching between the kinds of NATs, in virtual time: who meets directly, and what stays relayed. */
import { describe, expect, it } from '@jest/globals'
import { hostBehind, type NatKind, NATS, worldWithPublics } from '../helpers/natted.ts'
import { joinedEdges } from '../helpers/ring-edges.ts'
import { udpNode } from '../helpers/nodes.ts'

/** Two nodes behind NATs that know two public nodes, and a session between them over a relay. */
async function meet(kinds: readonly [NatKind, NatKind], seed: number) {
  const { world, publics } = await worldWithPublics(seed)
  const hosts = kinds.map((kind, i) => hostBehind(world, NATS[kind], i))
  const [hostA, hostB] = hosts
  if (!hostA || !hostB) throw new Error('two hosts')
  const [a, b] = [await udpNode(hostA), await udpNode(hostB)]
  for (const node of [a, b])
    for (const { table } of publics)
      for (const ta of table.hintOf().endpoints) void node.table.hello(ta)
  await world.run({ forMs: 500 })
  const [relay] = joinedEdges(hostA.runtime, [a, b], { kind: 'relay', delayMs: 40 })
  const channel = a.table.dial({ ...b.table.hintOf(), endpoints: [] })
  channel.addEdge(relay)
  const isUp = await world.runUntil(() => channel.state === 'up', { limitMs: 3_000 })
  expect(isUp).toBe(true)
  const other = () => b.table.channel(a.table.address)
  const isDirect = () => channel.activeEdge?.kind === 'udp' && other()?.activeEdge?.kind === 'udp'
  return { world, channel, other, isDirect, relay, a, b }
}

const DIRECT = [
  ['full', 'rand'],
  ['addr', 'seq'],
  ['port', 'port'],
  ['port', 'seq'],
  ['seq', 'port'],
  ['seq', 'full'],
] as const

describe('two nodes behind NATs', () => {
  it.each(DIRECT)('meet directly: %s and %s', async (...kinds) => {
    for (let seed = 1; seed <= 4; seed++) {
      const { world, isDirect } = await meet(kinds, seed)
      expect(await world.runUntil(isDirect, { limitMs: 10_000 })).toBe(true)
    }
  })

  it.each([
    ['port', 'rand'],
    ['rand', 'port'],
  ] as const)('mostly meet directly: %s and %s', async (...kinds) => {
    let direct = 0
    for (let seed = 1; seed <= 10; seed++) {
      const { world, isDirect, channel } = await meet(kinds, seed)
      if (await world.runUntil(isDirect, { limitMs: 10_000 })) direct++
      expect(channel.state).toBe('up')
    }
    expect(direct).toBeGreaterThanOrEqual(8)
  })

  it.each([
    ['rand', 'rand'],
    ['seq', 'rand'],
    ['port', 'blocked'],
  ] as const)('stay relayed without a flood: %s and %s', async (...kinds) => {
    const { world, isDirect, channel, a, b } = await meet(kinds, 1)
    await world.run({ forMs: 120_000 })
    expect(isDirect()).toBe(false)
    expect(channel.activeEdge?.kind).toBe('relay')
    const sent = [a, b].map(({ listener }) => listener.stats().datagramsOut)
    for (const count of sent) expect(count).toBeLessThan(1_000)
  })

  it('keep the socket of the array that was hit, and only that', async () => {
    const { world, isDirect, channel, a } = await meet(['rand', 'port'], 2)
    expect(await world.runUntil(isDirect, { limitMs: 10_000 })).toBe(true)
    await world.run({ forMs: 60_000 })
    expect(isDirect()).toBe(true)
    expect(channel.activeEdge?.id.startsWith(`udp/${a.listener.localPort}/`)).toBe(false)
    await a.table.close()
  })
})

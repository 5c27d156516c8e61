/** Two nodes over simulated UDP: they meet, talk, and notice when the other one goes. */
import { describe, expect, it } from '@jest/globals'
import { IDLE_PROBE_MS, OBSERVED_AGAIN_MS } from '../../src/limits.ts'
import { connected, frameOf, twoNodes } from '../helpers/nodes.ts'
import { joinedEdges } from '../helpers/ring-edges.ts'

describe('two nodes', () => {
  it('come up within two round trips and exchange frames', async () => {
    const { world, toRight, toLeft, left, right } = await connected()
    expect(world.elapsedMs()).toBeLessThanOrEqual(80)
    expect(toRight.send(frameOf('hello'))).toBe(true)
    expect(toLeft.send(frameOf('back'))).toBe(true)
    await world.run({ forMs: 100 })
    expect(right.told.frames.map((frame) => frame.text)).toEqual(['hello'])
    expect(left.told.frames.map((frame) => frame.text)).toEqual(['back'])
    expect(toRight.address.equals(right.table.address)).toBe(true)
    expect(toLeft.record?.address.equals(left.table.address)).toBe(true)
    expect(toRight.rttMs).toBeCloseTo(40, 0)
  })

  it('meet in four datagrams, and tell each other their status in two more', async () => {
    const { world, left, right } = await twoNodes()
    const told = (): number => left.told.statuses.length + right.told.statuses.length
    let sent = 0
    world.onSend(() => sent++)
    left.table.dial(right.table.hintOf())
    await world.run({ forMs: 200 })
    // Initiation and response; a ping, which confirms the key, and its pong.
    expect(sent).toBe(4)
    const [toRight, toLeft] = [left.told.up[0], right.told.up[0]]
    expect(toRight?.rttMs).toBeCloseTo(40, 0)
    expect(toLeft?.rttMs).toBeCloseTo(40, 0)
    for (const channel of [toRight, toLeft]) if (channel) channel.localStatus = 5
    await world.run({ forMs: 1_000 })
    expect(told()).toBe(2)
    expect(sent).toBe(6)
  })

  it('tell each other where they are seen at first, and not with every ping', async () => {
    const { world, left, right } = await twoNodes()
    const sizes: number[] = []
    world.onSend((_from, _to, { length }) => sizes.push(length))
    left.table.dial(right.table.hintOf())
    await world.run({ forMs: 1_000 })
    // A ping and its pong have 40 bytes, and 7 more with an address.
    expect(sizes.slice(2)).toEqual([47, 47])
    const naming = (): number => sizes.splice(0).filter((size) => size === 47).length
    naming()
    await world.run({ forMs: OBSERVED_AGAIN_MS - IDLE_PROBE_MS })
    expect(naming()).toBe(0)
    await world.run({ forMs: 2 * IDLE_PROBE_MS })
    expect(naming()).toBe(2)
  })

  it('search for no other path while the only one is direct, and for one that turns up at once', async () => {
    const { world, hosts, left, right, toRight } = await connected()
    await world.run({ forMs: 1_000 })
    const fired = (): number => world.stats.timersByReason['channels'] ?? 0
    const before = fired()
    await world.run({ forMs: 10_000 })
    expect(fired() - before).toBeLessThanOrEqual(2)
    const [relay] = joinedEdges(hosts[0].runtime, [left, right], { kind: 'relay', delayMs: 20 })
    toRight.addEdge(relay)
    await world.run({ forMs: 100 })
    expect([...toRight.ways.paths.values()].map((path) => path.state)).toEqual([
      'confirmed',
      'confirmed',
    ])
  })

  it('share one channel when both dial at once', async () => {
    const { world, left, right } = await twoNodes()
    left.table.dial(right.table.hintOf())
    right.table.dial(left.table.hintOf())
    await world.run({ forMs: 5_000 })
    expect(left.told.up).toHaveLength(1)
    expect(right.told.up).toHaveLength(1)
    expect(left.told.down).toEqual([])
    left.told.up[0]?.send(frameOf('one'))
    right.told.up[0]?.send(frameOf('two'))
    await world.run({ forMs: 100 })
    expect(left.told.frames).toHaveLength(1)
    expect(right.told.frames).toHaveLength(1)
  })

  it('give a stranger to the namespace no answer', async () => {
    const { world, left, hosts } = await twoNodes()
    const { udpNode } = await import('../helpers/nodes.ts')
    const stranger = await udpNode(hosts[1], { port: 5000, namespace: 'other' })
    left.table.dial(stranger.table.hintOf())
    await world.run({ forMs: 30_000 })
    expect(left.told.down.map((event) => event.reason)).toEqual(['unreachable'])
    expect(stranger.told.up).toEqual([])
    expect(left.told.up).toEqual([])
  })

  it('survive loss, duplicates and reordering', async () => {
    const faults = { lossProbability: 0.2, duplicateProbability: 0.1, reorderProbability: 0.1 }
    const { world, toRight, right, left } = await connected({ seed: 5, ...faults })
    for (let i = 0; i < 200; i++) {
      toRight.send(frameOf(String(i)))
      await world.run({ forMs: 50 })
    }
    await world.run({ forMs: 60_000 })
    const texts = right.told.frames.map((frame) => frame.text)
    expect(new Set(texts).size).toBe(texts.length)
    expect(texts.length).toBeGreaterThan(120)
    expect(left.told.down).toEqual([])
    expect(right.told.down).toEqual([])
  })

  it('notice a clean close at once', async () => {
    const { world, left, right } = await connected()
    const before = world.elapsedMs()
    await left.table.close()
    await world.runUntil(() => right.told.down.length > 0, { limitMs: 1_000 })
    expect(right.told.down.map((event) => event.reason)).toEqual(['closed by peer'])
    expect(left.told.down.map((event) => event.reason)).toEqual(['closed'])
    expect(world.elapsedMs() - before).toBeLessThanOrEqual(25)
    expect([...right.table.channels()]).toEqual([])
  })

  it('notice a kill within the bound and warn before', async () => {
    const { world, hosts, left } = await connected()
    await world.run({ forMs: 5_000 })
    const before = world.elapsedMs()
    hosts[1].crash()
    await world.runUntil(() => left.told.down.length > 0, { limitMs: 60_000 })
    expect(left.told.down.map((event) => event.reason)).toEqual(['lost'])
    expect(left.told.suspects).toHaveLength(1)
    // One idle interval and three probe timeouts.
    expect(world.elapsedMs() - before).toBeLessThanOrEqual(16_500 + 3 * 3_000)
  })

  it('survive a silence shorter than the probes take', async () => {
    const { world, hosts, left, right } = await connected()
    world.block(hosts[0], hosts[1])
    await world.run({ forMs: 600 })
    world.unblock(hosts[0], hosts[1])
    await world.run({ forMs: 60_000 })
    expect(left.told.down).toEqual([])
    expect(right.told.down).toEqual([])
  })

  it('spend about one ping and one pong per idle interval', async () => {
    const { world, hosts } = await connected()
    await world.run({ forMs: 120_000 })
    const before = hosts[0].stats.datagramsSent + hosts[1].stats.datagramsSent
    await world.run({ forMs: 600_000 })
    // Two and a little: probes come a bit early, and keys are renewed every two minutes.
    const perInterval =
      (hosts[0].stats.datagramsSent + hosts[1].stats.datagramsSent - before) / (600_000 / 15_000)
    expect(perInterval).toBeLessThanOrEqual(3)
  })

  it('tell a changed status within a second', async () => {
    const { world, toRight, right } = await connected()
    await world.run({ forMs: 3_000 })
    toRight.localStatus = 5
    await world.run({ forMs: 1_000 })
    expect(right.told.statuses).toEqual([5])
  })

  it('reach a peer that restarted by traffic alone, within three seconds', async () => {
    const { world, hosts, toRight, right } = await connected()
    const { udpNode } = await import('../helpers/nodes.ts')
    await world.run({ forMs: 5_000 })
    hosts[1].crash()
    hosts[1].restart()
    const again = await udpNode(hosts[1], { identity: right.table.identity })
    for (let i = 0; i < 30; i++) {
      toRight.send(frameOf('still there?'))
      await world.run({ forMs: 100 })
    }
    expect(again.told.frames.length).toBeGreaterThan(0)
    expect(toRight.state).toBe('up')
  })

  it('resume after the peer restarts with the same identity', async () => {
    const { world, hosts, left, right } = await connected()
    const { udpNode } = await import('../helpers/nodes.ts')
    await world.run({ forMs: 5_000 })
    hosts[1].crash()
    hosts[1].restart()
    const again = await udpNode(hosts[1], { identity: right.table.identity })
    again.table.dial(left.table.hintOf())
    await world.run({ forMs: 10_000 })
    expect(again.told.up).toHaveLength(1)
    again.told.up[0]?.send(frameOf('again'))
    await world.run({ forMs: 1_000 })
    expect(left.told.frames.map((frame) => frame.text)).toEqual(['again'])
  })
})

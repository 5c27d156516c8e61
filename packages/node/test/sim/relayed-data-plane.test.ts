/** Relay channels in data planes: at both ends and in the middle, and what happens when one of them goes. */
import { describe, expect, it } from '@jest/globals'
import { NodeDataPlane } from '../../src/dataplane/data-plane.ts'
import { FakePlane } from '../helpers/fake-plane.ts'
import { relayedPlaneNodes, route } from '../helpers/plane-nodes.ts'

describe('a pair that is relayed', () => {
  it('is carried by three planes without JavaScript', async () => {
    const { world, left, right, relay, channel } = await relayedPlaneNodes()
    route(left, right)
    expect(channel.activeEdge?.kind).toBe('relay')
    const before = relay.table.relays.service.stats
    expect(left.fake.packet('10.0.0.1', '10.0.0.2', 'hello')).toBe(true)
    expect(right.fake.packet('10.0.0.2', '10.0.0.1', 'back')).toBe(true)
    await world.run({ forMs: 100 })
    expect([left.fake.delivered, right.fake.delivered]).toEqual([
      ['10.0.0.2 back'],
      ['10.0.0.1 hello'],
    ])
    expect(relay.table.relays.service.stats.bytes).toBe(before.bytes)
    expect([...relay.fake.relayRows.values()].every(({ packets }) => packets > 0)).toBe(true)
    expect(relay.fake.relayQuota?.bytesPerSecond).toBeGreaterThan(0)
  })

  it('leaves room for the header of relay frames', async () => {
    const { left, right } = await relayedPlaneNodes()
    const sizes = [left, right].map(({ fake }) =>
      [...fake.peers.values()].map((peer) => peer.row.datagramBytesMax).sort((a, b) => a - b),
    )
    expect(sizes).toEqual([
      [1467, 1472],
      [1467, 1472],
    ])
  })

  it('keeps its rows as long as the planes carry something, and not much longer', async () => {
    const { world, left, right, relay, channel } = await relayedPlaneNodes()
    route(left, right)
    for (let i = 0; i < 200; i++) {
      left.fake.packet('10.0.0.1', '10.0.0.2', String(i))
      await world.run({ forMs: 1_000 })
    }
    expect(right.fake.delivered.length).toBe(200)
    expect(relay.table.relays.service.stats.pairs).toBe(1)
    channel.close()
    await world.run({ forMs: 1_000 })
    expect(relay.table.relays.service.stats.pairs).toBe(0)
    expect([
      relay.fake.relayRows.size,
      left.fake.relayEnds.size,
      right.fake.relayEnds.size,
    ]).toEqual([0, 0, 0])
  })

  it('is left to JavaScript at once when its relay is gone', async () => {
    const { world, left, right, relay } = await relayedPlaneNodes()
    route(left, right)
    expect(left.fake.packet('10.0.0.1', '10.0.0.2', 'x')).toBe(true)
    left.table.channel(relay.table.address)?.close()
    expect(left.fake.packet('10.0.0.1', '10.0.0.2', 'x')).toBe(false)
    await world.run({ forMs: 500 })
    expect(right.fake.packet('10.0.0.2', '10.0.0.1', 'x')).toBe(false)
    expect(relay.fake.relayRows.size).toBe(0)
  })

  it.each([0, 300, 600, 900])(
    'goes on over another relay within three seconds, loss after %i ms',
    async (offsetMs) => {
      const { world, left, right, middle, channel } = await relayedPlaneNodes({ relays: 2 })
      route(left, right)
      // Questions and answers: nobody sends anything that was not asked for.
      const talk = async (forMs: number) => {
        let longestMs = 0
        let heardAt = world.elapsedMs()
        const { delivered } = left.fake
        for (const endAt = heardAt + forMs; world.elapsedMs() < endAt;) {
          const [heard, asked] = [delivered.length, right.fake.delivered.length]
          left.fake.packet('10.0.0.1', '10.0.0.2', 'question')
          await world.run({ forMs: 50 })
          if (right.fake.delivered.length > asked)
            right.fake.packet('10.0.0.2', '10.0.0.1', 'answer')
          await world.run({ forMs: 50 })
          if (delivered.length === heard) continue
          longestMs = Math.max(longestMs, world.elapsedMs() - heardAt)
          heardAt = world.elapsedMs()
        }
        return Math.max(longestMs, world.elapsedMs() - heardAt)
      }
      expect(await talk(3_000 + offsetMs)).toBeLessThan(300)
      const lost = middle.find(({ table }) => channel.activeEdge?.relay?.equals(table.address))
      lost?.host.crash()
      expect(await talk(10_000)).toBeLessThan(2_500)
      expect(channel.activeEdge?.kind).toBe('relay')
      expect(channel.activeEdge?.relay?.equals(lost?.table.address ?? channel.address)).toBe(false)
    },
  )

  it('moves to a direct path and gives the channels back', async () => {
    const { world, left, right, relay, channel } = await relayedPlaneNodes()
    route(left, right)
    world.unblock(left.host, right.host)
    left.table.dial(right.table.hintOf())
    await world.runUntil(() => channel.activeEdge?.kind === 'udp', { limitMs: 20_000 })
    for (const edge of left.table.relays.client.edges) edge.close()
    await world.run({ forMs: 500 })
    expect(left.fake.packet('10.0.0.1', '10.0.0.2', 'direct')).toBe(true)
    await world.run({ forMs: 100 })
    expect(right.fake.delivered).toEqual(['10.0.0.1 direct'])
    expect(relay.fake.relayRows.size).toBe(0)
  })

  it('is forwarded by JavaScript where the plane knows no relay channels', async () => {
    const { left } = await relayedPlaneNodes()
    const { runtime } = left.host
    const old = new NodeDataPlane(runtime, (handlers) => {
      const fake = new FakePlane(runtime.datagrams, handlers)
      return Object.assign(fake, { setRelayQuota: undefined as never })
    })
    old.relays.setQuota({ bytesPerSecond: 1, burstBytes: 1 })
    expect(old.relays.isSupported).toBe(false)
    expect(old.relays.forwarded(1)).toBe(0)
  })
})

/** Peers that lose their memory or everybody else, and how the ring notices. */
import { TransportAddress } from '@ipop/transport'
import { describe, expect, it } from '@jest/globals'
import { ALONE_AFTER_MS } from '../../src/limits.ts'
import type { RingMember, RingWorld } from '../helpers/ring-world.ts'
import { PORT, ringOf } from '../helpers/ring-world.ts'

describe('a peer that starts anew', () => {
  it('counts as a change of neighbours although its address and its session stay', async () => {
    const { ring, first, second } = await restedPair(41)
    const changes = countChanges(first, ring)
    const downs: string[] = []
    first.node.onPeerDown((peer) => downs.push(peer.toString()))
    second.host.crash()
    second.host.restart()
    const again = await ring.add({
      host: second.host,
      identity: second.node.identity,
      hints: [addressOf(first)],
    })
    again.node.start().catch(() => undefined)
    expect(await ring.world.runUntil(() => changes.length > 0, { limitMs: 5_000 })).toBe(true)
    expect(downs).toEqual([])
    expect(first.node.neighbors().left).toEqual(second.node.address)
  })

  it('is told of once, not with every exchange', async () => {
    const { ring, first } = await restedPair(42)
    const changes = countChanges(first, ring)
    await ring.world.run({ forMs: 300_000 })
    expect(changes).toEqual([])
  })
})

describe('a node that loses everybody at once', () => {
  it('does not answer for the whole ring before it has looked for the others', async () => {
    const { ring, first, second } = await restedPair(43)
    ring.world.partition([[first.host], [second.host]])
    await ring.world.runUntil(() => first.node.connections.size === 0, { limitMs: 60_000 })
    ring.world.heal()
    const reply = ring.world.settle(
      first.node.call(second.node.address, 'ring.ping', null, { mode: 'greedy' }),
    )
    const [answer] = await reply
    expect(answer?.from).toEqual(second.node.address)
  })

  it('is a ring of its own when they stay away', async () => {
    const { ring, first, second } = await restedPair(44)
    ring.crash(second)
    await ring.world.runUntil(() => first.node.connections.size === 0, { limitMs: 60_000 })
    // Shorter than the node waits for an answer from the ring that it lost.
    const options = { mode: 'greedy', timeoutMs: ALONE_AFTER_MS / 2 } as const
    const lookUp = () =>
      ring.world.settle(first.node.call(second.node.address, 'ring.ping', null, options))
    await expect(lookUp()).rejects.toMatchObject({ code: 'OVERLAY_UNREACHABLE' })
    await ring.world.runUntil(() => first.node.isRingComplete, { limitMs: 5_000 })
    const [answer] = await lookUp()
    expect(answer?.from).toEqual(first.node.address)
  })
})

async function restedPair(
  seed: number,
): Promise<{ ring: RingWorld; first: RingMember; second: RingMember }> {
  const ring = await ringOf({ seed, nodes: 2, hints: 1, latencyMs: 20 })
  await ring.untilConsistent()
  await ring.world.run({ forMs: 10_000 })
  const [first, second] = ring.members as [RingMember, RingMember]
  return { ring, first, second }
}

function countChanges({ node }: RingMember, { world }: RingWorld): number[] {
  const changes: number[] = []
  node.onNeighborsChanged(() => changes.push(world.elapsedMs()))
  return changes
}

function addressOf({ host }: RingMember): TransportAddress {
  return TransportAddress.udp({ host: host.addresses[0] ?? '', port: PORT })
}

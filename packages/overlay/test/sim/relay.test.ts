/** Relays: several are ready, the quickest carries, and the loss of one is made up for within seconds. */
import { describe, expect, it } from '@jest/globals'
import type { Edge } from '@ipop/transport'
import { RELAYS_PER_CHANNEL_MAX } from '../../src/limits.ts'
import type { RingMember, RingWorld } from '../helpers/ring-world.ts'
import { ringOf } from '../helpers/ring-world.ts'

const PACKET_EVERY_MS = 100
const PACKET = Uint8Array.of(0x45, 0, 0, 4)

/** A ring of eight in which two neighbours cannot talk directly. */
async function relayed(seed: number) {
  const ring = await ringOf({ seed, nodes: 8 })
  await ring.untilConsistent()
  const sorted = [...ring.members].sort((a, b) => a.node.address.compare(b.node.address))
  const [one, two] = [sorted[2] as RingMember, sorted[3] as RingMember]
  ring.world.block(one.host, two.host)
  await ring.world.run({ forMs: 60_000 })
  const channel = () => one.node.channelTo(two.node.address)
  expect(channel()?.activeEdge?.kind).toBe('relay')
  return { ring, one, two, channel }
}

/** Returns the member that carries the datagrams of a relay edge. */
function relayOf(ring: RingWorld, edge: Edge | undefined): RingMember | undefined {
  return ring.members.find(({ node }) => edge?.relay?.equals(node.address))
}

/** Sends packets from one to the other for `forMs`; returns the longest pause at the receiver. */
async function longestPause(ring: RingWorld, one: RingMember, two: RingMember, forMs: number) {
  let last = ring.world.elapsedMs()
  let longest = 0
  two.node.onIpPacket(() => {
    longest = Math.max(longest, ring.world.elapsedMs() - last)
    last = ring.world.elapsedMs()
  })
  for (let t = 0; t < forMs; t += PACKET_EVERY_MS) {
    one.node.sendIp(two.node.address, PACKET)
    await ring.world.run({ forMs: PACKET_EVERY_MS })
  }
  return Math.max(longest, ring.world.elapsedMs() - last)
}

describe('a pair that cannot talk directly', () => {
  it('keeps a few relays open, and no more', async () => {
    const { channel } = await relayed(31)
    const relays = channel()?.edges.filter((edge) => edge.kind === 'relay' && edge.isOpen) ?? []
    expect(relays.length).toBeGreaterThanOrEqual(2)
    expect(relays.length).toBeLessThanOrEqual(RELAYS_PER_CHANNEL_MAX + 2)
  })

  it.each([1, 2, 3, 4, 5])('survives the loss of its relay, seed %i', async (seed) => {
    const { ring, one, two, channel } = await relayed(seed)
    expect(await longestPause(ring, one, two, 3_000)).toBeLessThan(500)
    const relay = relayOf(ring, channel()?.activeEdge)
    expect(relay).toBeDefined()
    if (relay) ring.crash(relay)
    expect(await longestPause(ring, one, two, 20_000)).toBeLessThan(3_000)
    expect(channel()?.state).toBe('up')
  })

  it('goes back to a direct path when there is one', async () => {
    const { ring, one, two, channel } = await relayed(6)
    ring.world.unblock(one.host, two.host)
    await ring.world.run({ forMs: 90_000 })
    expect(channel()?.activeEdge?.kind).toBe('udp')
  })
})

/** The ring in virtual time: it forms, heals, merges and is left. */
import { compareByDistance } from '@ipop/address'
import { TransportAddress } from '@ipop/transport'
import { describe, expect, it } from '@jest/globals'
import type { RingMember } from '../helpers/ring-world.ts'
import { PORT, RingWorld, ringOf } from '../helpers/ring-world.ts'

describe('joining', () => {
  it('makes a ring of one at once when there is nobody to ask', async () => {
    const ring = await ringOf({ seed: 1, nodes: 1 })
    await ring.untilConsistent(1_000)
    expect(ring.members[0]?.node.neighbors()).toEqual({})
  })

  it('makes a ring of one after a while when nobody answers', async () => {
    const ring = new RingWorld({ seed: 1 })
    const member = await ring.add({
      hints: [TransportAddress.udp({ host: '10.9.9.9', port: PORT })],
    })
    member.node.start().catch(() => undefined)
    await ring.untilConsistent(5_000)
  })

  it.each([2, 3, 9, 16, 24])(
    'makes a ring of %i that all start at once with one bootstrap',
    async (nodes) => {
      const ring = await ringOf({ seed: nodes, nodes })
      await ring.untilConsistent(20_000)
    },
  )

  it('makes a ring of 32 from five random hints each, well below the time of the original', async () => {
    const ring = await ringOf({ seed: 7, nodes: 32, hints: 5, latencyMs: 100 })
    const elapsedMs = await ring.untilConsistent(30_000)
    expect(elapsedMs).toBeLessThan(6_000)
  })

  it('takes a newcomer in within 25 message delays', async () => {
    const ring = await ringOf({ seed: 3, nodes: 20, latencyMs: 50 })
    await ring.untilConsistent()
    await ring.world.run({ forMs: 20_000 })
    const before = ring.world.elapsedMs()
    const newcomer = await ring.add({ hints: [addressOf(ring.members[0])] })
    newcomer.node.start().catch(() => undefined)
    await ring.untilConsistent(10_000)
    expect(ring.world.elapsedMs() - before).toBeLessThanOrEqual(25 * 50)
  })

  it('makes a ring while a fifth of all datagrams are lost', async () => {
    const ring = await ringOf({ seed: 5, nodes: 20, hints: 3, lossProbability: 0.2 })
    await ring.untilConsistent(60_000)
  })

  it('makes a ring although a tenth of the nodes on each side refuse each other', async () => {
    const ring = await ringOf({ seed: 1, nodes: 16, hints: 5, brokenProbability: 0.1 })
    await ring.untilConsistent(30_000)
  })

  it('costs less than 150 bytes a second and node once it is settled', async () => {
    const ring = await ringOf({ seed: 2, nodes: 16, latencyMs: 20 })
    await ring.untilConsistent()
    await ring.world.run({ forMs: 90_000 })
    const before = ring.world.stats.bytesSent + 28 * ring.world.stats.datagramsSent
    await ring.world.run({ forMs: 120_000 })
    const bytes = ring.world.stats.bytesSent + 28 * ring.world.stats.datagramsSent - before
    expect(bytes / 120 / 16).toBeLessThan(150)
  })

  it('repeats itself from the same seed', async () => {
    const hashes = []
    for (let i = 0; i < 2; i++) {
      const ring = await ringOf({
        seed: 11,
        nodes: 12,
        hints: 3,
        jitterMs: 20,
        lossProbability: 0.05,
      })
      await ring.untilConsistent()
      await ring.world.run({ forMs: 30_000 })
      hashes.push(ring.world.traceHash())
    }
    expect(hashes[0]).toBe(hashes[1])
  })
})

describe('healing', () => {
  it('closes the gap that a crashed node leaves', async () => {
    const ring = await ringOf({ seed: 21, nodes: 20 })
    await ring.untilConsistent()
    ring.crash(ring.members[4] as RingMember)
    await ring.untilConsistent(60_000)
  })

  it('closes the gap at once when a node leaves cleanly', async () => {
    const ring = await ringOf({ seed: 22, nodes: 20, latencyMs: 20 })
    await ring.untilConsistent()
    const [leaver] = ring.members.splice(4, 1)
    void leaver?.node.leave()
    const before = ring.world.elapsedMs()
    await ring.untilConsistent(2_000)
    expect(ring.world.elapsedMs() - before).toBeLessThan(2_000)
  })

  it('heals when half of the ring dies at once', async () => {
    const ring = await ringOf({ seed: 23, nodes: 24 })
    await ring.untilConsistent()
    await ring.world.run({ forMs: 60_000 })
    for (let i = 0; i < 12; i++)
      ring.crash(ring.members[(i * 7) % ring.members.length] as RingMember)
    await ring.untilConsistent(120_000)
  })

  it('merges two rings when a partition ends', async () => {
    const ring = await ringOf({ seed: 24, nodes: 16 })
    await ring.untilConsistent()
    await ring.world.run({ forMs: 30_000 })
    const hosts = ring.members.map((member) => member.host)
    ring.world.partition([hosts.slice(0, 8), hosts.slice(8)])
    await ring.world.run({ forMs: 120_000 })
    expect(ring.faults().length).toBeGreaterThan(0)
    ring.world.heal()
    await ring.untilConsistent(300_000)
  })

  it('takes a bootstrap that comes back into the ring', async () => {
    const ring = await ringOf({ seed: 25, nodes: 5 })
    await ring.untilConsistent()
    await ring.world.run({ forMs: 30_000 })
    const bootstrap = ring.members[0] as RingMember
    ring.crash(bootstrap)
    await ring.untilConsistent(60_000)
    bootstrap.host.restart()
    const again = await ring.add({ host: bootstrap.host })
    again.node.start().catch(() => undefined)
    await ring.untilConsistent(90_000)
  })

  it('takes a bootstrap that said goodbye and came back into the ring soon', async () => {
    const ring = await ringOf({ seed: 27, nodes: 5 })
    await ring.untilConsistent()
    await ring.world.run({ forMs: 5_000 })
    const bootstrap = ring.members[0] as RingMember
    await ring.world.settle(bootstrap.node.leave())
    ring.crash(bootstrap)
    await ring.world.run({ forMs: 3_000 })
    bootstrap.host.restart()
    const again = await ring.add({ host: bootstrap.host, identity: bootstrap.node.identity })
    again.node.start().catch(() => undefined)
    await ring.untilConsistent(20_000)
  })

  it('keeps a pair of neighbours that cannot talk directly connected through a relay', async () => {
    const ring = await ringOf({ seed: 26, nodes: 8 })
    await ring.untilConsistent()
    const sorted = [...ring.members].sort((a, b) => a.node.address.compare(b.node.address))
    const [one, two] = [sorted[2] as RingMember, sorted[3] as RingMember]
    ring.world.block(one.host, two.host)
    await ring.world.run({ forMs: 120_000 })
    expect(one.node.channelTo(two.node.address)?.activeEdge?.kind).toBe('relay')
    await ring.untilConsistent(60_000)
  })
})

describe('probing a suspect peer', () => {
  it.each([5, 6, 8])(
    'goes through a second neighbour where the nearest is cut off, too: %i',
    async (seed) => {
      const ring = await ringOf({ seed, latencyMs: 100, nodes: 4, hints: 3 })
      await ring.untilConsistent()
      await ring.world.run({ forMs: 20_000 })
      const [suspect, one, ...others] = ring.members as [RingMember, RingMember, ...RingMember[]]
      const order = compareByDistance(suspect.node.address)
      const [nearest] = others.sort((a, b) => order(a.node.address, b.node.address))
      const lost: string[] = []
      one.node.onPeerDown((peer) => lost.push(peer.toString()))
      ring.world.block(suspect.host, one.host)
      ring.world.block(suspect.host, (nearest as RingMember).host)
      await ring.world.run({ forMs: 60_000 })
      expect(lost).toEqual([])
      expect(one.node.channelTo(suspect.node.address)?.activeEdge?.kind).toBe('relay')
    },
  )
})

describe('calls', () => {
  it('reach any node, and the nearest node for a missing address', async () => {
    const ring = await ringOf({ seed: 31, nodes: 20 })
    await ring.untilConsistent()
    const [first, last] = [ring.members[0] as RingMember, ring.members[19] as RingMember]
    for (const { node } of ring.members)
      node.handle(
        'test.who',
        (args) => args,
        () => node.address.bytes,
      )
    const replies: Uint8Array[] = []
    const ask = async () => {
      const [exact] = await first.node.call(last.node.address, 'test.who', null)
      replies.push(exact?.result as Uint8Array)
      const near = await first.node.call(last.node.address, 'test.who', null, { mode: 'both' })
      for (const reply of near) replies.push(reply.result as Uint8Array)
    }
    const asked = ask()
    await ring.world.run({ forMs: 10_000 })
    await asked
    const { left, right } = last.node.neighbors()
    expect(replies[0]).toEqual(last.node.address.bytes)
    expect(replies.slice(1).map(String).sort()).toEqual(
      [String(left?.bytes), String(right?.bytes)].sort(),
    )
  })

  it('fail with a clear error where nobody is', async () => {
    const ring = await ringOf({ seed: 32, nodes: 10 })
    await ring.untilConsistent()
    const [first, gone] = [ring.members[0] as RingMember, ring.members[5] as RingMember]
    ring.crash(gone)
    await ring.untilConsistent(60_000)
    const failure = first.node
      .call(gone.node.address, 'ring.ping', null)
      .catch((error: { code: string }) => error.code)
    await ring.world.run({ forMs: 30_000 })
    expect(await failure).toBe('OVERLAY_UNREACHABLE')
  })
})

function addressOf(member: RingMember | undefined): TransportAddress {
  return TransportAddress.udp({ host: member?.host.addresses[0] ?? '', port: PORT })
}

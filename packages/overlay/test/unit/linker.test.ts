/** Links: hearsay that is withdrawn ends them, and the way through the ring can wait. */
import { Address } from '@ipop/address'
import { silentLog } from '@ipop/runtime'
import { World } from '@ipop/simulator'
import { TransportAddress, type ChannelTable, type Edge, type PeerHint } from '@ipop/transport'
import { describe, expect, it } from '@jest/globals'
import { ConnectionTable } from '../../src/connections/connection-table.ts'
import { Role } from '../../src/connections/roles.ts'
import { LINK_DIRECT_MAX_MS, LINK_RETRY_MS } from '../../src/limits.ts'
import { Linker } from '../../src/linking/linker.ts'
import type { RequestReply } from '../../src/messaging/request-reply.ts'

describe('Linker', () => {
  it('gives up a link that only hearsay asked for and no longer does, but not at once', async () => {
    const { linker, world, hint, closed } = linking()
    linker.link(hint, 0, { isMutual: true })
    await world.run({ forMs: LINK_RETRY_MS })
    linker.abandon(new Set([hint.address.key]), LINK_RETRY_MS)
    linker.abandon(new Set(), LINK_RETRY_MS - 1)
    expect(closed).toEqual([])
    linker.abandon(new Set(), LINK_RETRY_MS)
    expect(closed).toEqual([hint.address])
  })

  it.each([
    ['for a role', Role.leaf, { isMutual: true }],
    ['by the peer', 0, {}],
  ])('keeps a link that is also wanted %s', async (_why, role, options) => {
    const { linker, world, hint, closed } = linking()
    linker.link(hint, 0, { isMutual: true })
    linker.link(hint, role, options)
    await world.run({ forMs: LINK_RETRY_MS })
    linker.abandon(new Set(), LINK_RETRY_MS)
    expect(closed).toEqual([])
  })

  it('gives up a link that was to be tried for a while, unless it is wanted for more', () => {
    const { linker, hint, closed } = linking()
    linker.link(hint, Role.leaf, { forMs: 3_000 })
    linker.abandon(new Set(), 2_999)
    expect(closed).toEqual([])
    linker.abandon(new Set(), 3_000)
    expect(closed).toEqual([hint.address])
    linker.link(hint, Role.leaf)
    linker.abandon(new Set(), 3_000)
    expect(closed).toHaveLength(1)
  })

  it('tries the way through the ring at once, or only when the direct one takes long', async () => {
    for (const [overRing, atMs] of [
      [true, 0],
      ['late', LINK_DIRECT_MAX_MS],
    ] as const) {
      const { linker, world, hint, ringEdges } = linking()
      linker.link(hint, Role.shortcut, { overRing })
      await world.run({ forMs: 2 * LINK_DIRECT_MAX_MS })
      expect(ringEdges).toEqual([atMs])
    }
  })

  it('tells when a link has ended, or after a while', async () => {
    const { linker, world, hint } = linking()
    const ended: number[] = []
    const waits = (ms: number) => linker.settled(hint.address, ms).then(() => ended.push(ms))
    await waits(1)
    linker.link(hint, Role.shortcut)
    const both = Promise.all([waits(500), waits(5_000)])
    await world.run({ forMs: 1_000 })
    expect(ended).toEqual([1, 500])
    linker.giveUp(hint.address)
    await both
    expect(ended).toEqual([1, 500, 5_000])
  })

  it('ends a link to somebody whom the ring does not find where only hearsay asked for it', () => {
    const { linker, hint, closed } = linking()
    linker.link(hint, 0, { isMutual: true })
    linker.link(hint, Role.leaf)
    linker.disprove(hint.address)
    expect(closed).toEqual([])
    linker.giveUp(hint.address)
    linker.link(hint, 0, { isMutual: true })
    linker.disprove(hint.address)
    expect(closed).toEqual([hint.address])
  })

  it('spares the way through the ring when the link came up directly', async () => {
    const { linker, world, hint, ringEdges } = linking()
    linker.link(hint, Role.shortcut, { overRing: 'late' })
    linker.giveUp(hint.address)
    await world.run({ forMs: 2 * LINK_DIRECT_MAX_MS })
    expect(ringEdges).toEqual([])
  })
})

/** A linker whose channels never come up. */
function linking() {
  const world = new World({ seed: 1 })
  const { runtime } = world.addHost()
  const table = new ConnectionTable(Address.zero)
  const closed: Address[] = []
  const ringEdges: number[] = []
  const channelOf = (address: Address) => ({
    addEdge: () => void ringEdges.push(runtime.clock.now()),
    close: () => void closed.push(address),
  })
  const channels = {
    dial: ({ address }: PeerHint) => channelOf(address),
    channel: channelOf,
  } as unknown as ChannelTable
  const linker = new Linker({
    ...{ channels, table, runtime, log: silentLog },
    calls: {} as RequestReply,
    ringEdge: () => ({}) as Edge,
  })
  const endpoints = [TransportAddress.udp({ host: '10.0.0.1', port: 1_000 })]
  const address = Address.random(runtime.random)
  const hint: PeerHint = { address, sessionKey: new Uint8Array(32), endpoints }
  return { world, linker, hint, closed, ringEdges }
}

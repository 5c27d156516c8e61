/** Hellos to bootstraps: rarer to those that keep silent, and soon only when many peers were lost. */
import { Address } from '@ipop/address'
import { silentLog } from '@ipop/runtime'
import { World } from '@ipop/simulator'
import { TransportAddress, type Channel, type ChannelTable, type PeerHint } from '@ipop/transport'
import { describe, expect, it } from '@jest/globals'
import { Connection } from '../../src/connections/connection.ts'
import { ConnectionTable } from '../../src/connections/connection-table.ts'
import { STATUS_IN_RING } from '../../src/connections/roles.ts'
import {
  LEAF_ANSWERED_MS,
  LEAF_FAILED_PERIOD_MAX_MS,
  LEAF_FAILED_PERIOD_MS,
  LEAF_HURRY_MS,
  LEAF_LOSSES_MS,
  LEAF_LOSSES_SHARE,
  LEAVES_IN_RING_MAX,
} from '../../src/limits.ts'
import type { Linker, LinkOptions } from '../../src/linking/linker.ts'
import type { RequestReply } from '../../src/messaging/request-reply.ts'
import { Leaves } from '../../src/topology/leaves.ts'

describe('Leaves', () => {
  it('asks a bootstrap that keeps silent less and less often', async () => {
    const { hellos, run } = leavesWith({ peers: 12, doesAnswer: false })
    await run(600_000)
    const pauses = hellos.slice(1).map((at, index) => at - (hellos[index] as number))
    expect(pauses[0]).toBeLessThan(2 * LEAF_FAILED_PERIOD_MS)
    expect(Math.max(...pauses)).toBeLessThan(1.5 * LEAF_FAILED_PERIOD_MAX_MS)
    expect(Math.min(...pauses.slice(5))).toBeGreaterThan(LEAF_FAILED_PERIOD_MAX_MS / 2)
  })

  it('waits for a silent bootstrap a shorter time, and now and then longer than a newcomer', async () => {
    const { timeouts, run } = leavesWith({ peers: 12, doesAnswer: false })
    await run(600_000)
    expect(timeouts.slice(0, 9)).toEqual([1_250, 625, 625, 625, 625, 625, 625, 6_000, 625])
  })

  it('asks soon when many peers were lost, and not for the loss of one among many', async () => {
    const peers = 12
    const { hellos, run, leaves, random } = leavesWith({ peers, doesAnswer: true })
    await run(1_000)
    leaves.peerLost(Address.random(random), 1_000)
    await run(1_000 + LEAF_LOSSES_MS)
    expect(hellos).toHaveLength(1)
    const at = 1_000 + LEAF_LOSSES_MS
    for (let lost = 0; lost < peers / (LEAF_LOSSES_SHARE - 1); lost++)
      leaves.peerLost(Address.random(random), at)
    await run(at + 2 * LEAF_HURRY_MS)
    expect(hellos.length).toBeGreaterThan(1)
  })
})

describe('a bootstrap whose node is connected', () => {
  it('is not asked again by a node of the ring, unless many peers were lost', async () => {
    const { hellos, run, leaves, random } = leavesWith({ peers: 3, doesAnswer: true })
    await run(3_600_000)
    expect(hellos).toHaveLength(1)
    for (let lost = 0; lost < 3; lost++) leaves.peerLost(Address.random(random), 3_600_000)
    await run(3_600_000 + 2 * LEAF_HURRY_MS)
    expect(hellos).toHaveLength(2)
  })

  it('is asked at once how it sees a node whose network has changed', async () => {
    const { hellos, run, leaves } = leavesWith({ peers: 3, doesAnswer: true })
    await run(600_000)
    leaves.greetNow(600_000)
    await run(601_000)
    expect(hellos).toHaveLength(2)
  })
})

describe('the leaves of a newcomer', () => {
  it('are asked again at once where they keep silent, and later where they answered', async () => {
    const answered = new Map<string, number[]>()
    const isSilent = (host: string) => host.endsWith('.4')
    const { looking, world } = newcomer(STATUS_IN_RING, (host, at) => {
      answered.set(host, [...(answered.get(host) ?? []), at])
      return !isSilent(host)
    })
    looking()
    await world.run({ forMs: 0.7 * LEAF_ANSWERED_MS })
    const counts = [...answered.values()].map((times) => times.length)
    // The first one answers before there is another leaf.
    expect(counts.slice(1, 3)).toEqual([1, 1])
    expect(counts[3]).toBeGreaterThan(1)
  })

  it.each([
    [STATUS_IN_RING, LEAVES_IN_RING_MAX],
    [0, LEAVES_IN_RING_MAX + 2],
  ])(
    'are no more than it needs where they are in the ring: status %i, %i leaves',
    async (status, count) => {
      const { leaves, linked } = newcomer(status, () => true)
      leaves.evaluate(false, 0)
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
      expect(linked).toHaveLength(count)
    },
  )
})

/** The leaf policy of a newcomer with two bootstraps more than it needs; `doesAnswer` is asked for each hello. */
function newcomer(status: number, doesAnswer: (host: string, at: number) => boolean) {
  const world = new World({ seed: 1 })
  const { runtime } = world.addHost()
  const { random, clock, timers } = runtime
  const linked: LinkOptions[] = []
  const linker = {
    get leavesInRing() {
      return linked.filter(({ isPeerInRing }) => isPeerInRing).length
    },
    link: (_hint: PeerHint, _role: number, options: LinkOptions) => void linked.push(options),
  } as unknown as Linker
  const hint = { address: Address.random(random) }
  const channels = {
    hello: ({ host }: { host: string }) =>
      Promise.resolve(doesAnswer(host, clock.now()) ? { hint, status } : undefined),
  } as unknown as ChannelTable
  const table = new ConnectionTable(Address.random(random))
  const remoteTas = Array.from({ length: LEAVES_IN_RING_MAX + 2 }, (_, i) =>
    TransportAddress.udp({ host: `10.9.9.${i + 1}`, port: 1_000 }),
  )
  const calls = {} as RequestReply
  const modules = { runtime, random, log: silentLog, channels, table, linker, calls }
  const leaves = new Leaves(modules, { remoteTas })
  const look = (now: number): void => {
    leaves.evaluate(false, now)
    timers.at(now + 100, 'look', look)
  }
  return { world, leaves, linked, looking: () => look(clock.now()) }
}

/** The leaf policy of a node of a ring, which is looked at every 100 ms. */
function leavesWith({ peers, doesAnswer }: { peers: number; doesAnswer: boolean }) {
  const world = new World({ seed: 1 })
  const { runtime } = world.addHost()
  const { random, clock, timers } = runtime
  const table = new ConnectionTable(Address.random(random))
  const channelOf = (address: Address) => ({ address }) as unknown as Channel
  for (let count = 0; count < peers; count++)
    table.add(new Connection(channelOf(Address.random(random)), 0))
  const bootstrap = table.all()[0]?.address as Address
  const hellos: number[] = []
  const timeouts: number[] = []
  const channels = {
    hello(_ta: TransportAddress, timeoutMs: number) {
      timeouts.push(timeoutMs)
      hellos.push(clock.now())
      return Promise.resolve(doesAnswer ? { hint: { address: bootstrap } } : undefined)
    },
  } as unknown as ChannelTable
  const remoteTas = [TransportAddress.udp({ host: '10.9.9.9', port: 1_000 })]
  const unused = { linker: {} as Linker, calls: {} as RequestReply }
  const modules = { runtime, random, log: silentLog, channels, table, ...unused }
  const leaves = new Leaves(modules, { remoteTas })
  const look = (now: number): void => {
    leaves.evaluate(true, now)
    timers.at(now + 100, 'look', look)
  }
  timers.at(0, 'look', look)
  return { hellos, timeouts, leaves, random, run: (untilMs: number) => world.run({ untilMs }) }
}

/** The data plane between two network namespaces, with keys that the test installs. */
import { describe, expect, it } from '@jest/globals'
import { hasIperf, iperf } from './iperf.ts'
import { obstacle } from './scenario.ts'
import { type LabNode, withTwoNodes } from './two-nodes.ts'

const onLinux = obstacle === '' ? describe : describe.skip

const received = (text: string): string | undefined => /(\d+) received/.exec(text)?.[1]
const ping = async (node: LabNode, to: string, ...words: string[]) =>
  received(await node.run('ping', '-c', '3', '-i', '0.05', '-W', '2', ...words, to))

onLinux('the data plane', () => {
  it.each([
    { cipher: 'aes-256-gcm' as const, isV6: false, partial: true },
    { cipher: 'chacha20-poly1305' as const, isV6: true, partial: false },
  ])('carries IPv4 and IPv6 without JavaScript ($cipher, outer IPv6 $isV6)', async (options) => {
    await withTwoNodes(options, async (alice, bob) => {
      expect(await ping(alice, '10.9.0.2')).toBe('3')
      expect(await ping(bob, 'fd09::1', '-s', '1300')).toBe('3')
      expect(await ping(alice, '10.9.0.2', '-s', '5000')).toBe('3')
      const report = await bob.ask({ do: 'report' })
      const peer = options.isV6 ? 'fd07::1' : '192.168.7.1'
      expect(report.events).toEqual([`confirmed 102 ${peer}`])
      expect(report.counters).toMatchObject({
        replays: 0,
        authFailures: 0,
        malformed: 0,
        interfaceErrors: 0,
      })
      expect(await alice.close()).toBe(0)
      expect(await bob.close()).toBe(0)
    })
  })

  it('hands control frames, keepalives and foreign datagrams to JavaScript', async () => {
    await withTwoNodes({}, async (alice, bob) => {
      await alice.ask({ do: 'frame', text: '\x01ping' })
      await alice.ask({ do: 'frame', text: '' })
      await alice.ask({ do: 'datagram', text: '\x10hello' })
      expect(await eventsOf(bob, 4)).toEqual([
        'confirmed 102 192.168.7.1',
        'frame 102 192.168.7.1 \x01ping',
        'frame 102 192.168.7.1 ',
        'datagram 192.168.7.1 \x10hello',
      ])
    })
  })

  it('leaves packets without a row to JavaScript, both ways', async () => {
    await withTwoNodes({}, async (alice, bob) => {
      await bob.ask({ do: 'withdraw' })
      expect(await ping(alice, '10.9.0.2', '-W', '0.3')).toBe('0')
      const [, ...strays] = await eventsOf(bob, 4)
      expect(strays).toEqual(['stray 102 84', 'stray 102 84', 'stray 102 84'])
      const { punted } = await bob.ask({ do: 'report' })
      await bob.run('ping', '-c', '2', '-i', '0.05', '-W', '0.3', '10.9.0.1')
      expect((await bob.ask({ do: 'report' })).punted - punted).toBeGreaterThanOrEqual(2)
      await bob.ask({ do: 'install' })
      expect(await ping(alice, '10.9.0.2')).toBe('3')
    })
  })

  it('leaves packets to a foreign destination to JavaScript, and all of them while there is no own address', async () => {
    await withTwoNodes({}, async (alice, bob) => {
      for (const addresses of [['10.9.0.3', 'fd09::2'], []]) {
        await bob.ask({ do: 'own', addresses })
        const { events, counters } = await bob.ask({ do: 'report' })
        expect(await ping(alice, '10.9.0.2', '-W', '0.3')).toBe('0')
        const after = await eventsOf(bob, Math.max(1, events.length) + 3)
        expect(after.slice(-3)).toEqual(['stray 102 84', 'stray 102 84', 'stray 102 84'])
        const report = await bob.ask({ do: 'report' })
        expect(report.counters).toMatchObject({
          interfaceWrites: counters['interfaceWrites'],
          foreignDestination: Number(counters['foreignDestination']) + 3,
          foreignSource: 0,
        })
      }
      await bob.ask({ do: 'own', addresses: ['10.9.0.2'] })
      expect(await ping(alice, '10.9.0.2')).toBe('3')
      expect(await ping(alice, 'fd09::2', '-W', '0.3')).toBe('0')
    })
  })

  it('reports a peer that moved, so that its answers can follow', async () => {
    await withTwoNodes({}, async (alice, bob) => {
      expect(await ping(alice, '10.9.0.2')).toBe('3')
      await alice.ask({ do: 'rebind' })
      await alice.ask({ do: 'frame', text: '\x01here' })
      expect(await eventsOf(bob, 3)).toContain('moved 102 4001')
      expect(await ping(alice, '10.9.0.2')).toBe('3')
    })
  })

  it.each([{ isV6: false }, { isV6: true }])(
    'carries packets through a relay without JavaScript %j',
    async (options) => {
      await withTwoNodes(options, async (alice, bob) => {
        await alice.ask({ do: 'relay' })
        for (const end of [alice, bob]) await end.ask({ do: 'way', isRelayed: true })
        expect(await ping(alice, '10.9.0.2')).toBe('3')
        expect(await ping(bob, 'fd09::1', '-s', '1300')).toBe('3')
        expect(await ping(alice, '10.9.0.2', '-s', '5000')).toBe('3')
        if (hasIperf) await transfer(alice, bob, '16M')
        const [a, b] = [await alice.ask({ do: 'report' }), await bob.ask({ do: 'report' })]
        const host = options.isV6 ? 'fd07::1' : '192.168.7.1'
        expect([a.events, b.events]).toEqual([[`confirmed 101 ${host}`], [`confirmed 102 ${host}`]])
        expect(a.relay).toMatchObject({ noticed: 0, relayRefused: 0, relayOverQuota: 0 })
        expect(Number(a.relay?.['relayed'])).toBeGreaterThan(hasIperf ? 10_000 : 10)
        expect(b.counters).toMatchObject({ noticed: 1, relayed: 0, malformed: 0 })
        expect(b.counters).toMatchObject({ replays: 0, authFailures: 0, expired: 0 })

        for (const end of [alice, bob]) await end.ask({ do: 'way', isRelayed: false })
        expect(await ping(alice, '10.9.0.2')).toBe('3')
        expect(await eventsOf(bob, 2)).toContain('moved 102 4000')
        const { relay: before } = await alice.ask({ do: 'report' })
        expect(await ping(bob, '10.9.0.1')).toBe('3')
        expect((await alice.ask({ do: 'report' })).relay).toEqual(before)
        expect(await alice.close()).toBe(0)
      })
    },
  )

  it('carries packets over a path too narrow for segmented sends', async () => {
    await withTwoNodes({ mtu: 1300 }, async (alice, bob) => {
      expect(await ping(alice, '10.9.0.2', '-s', '1372', '-M', 'do')).toBe('3')
      if (hasIperf) await transfer(alice, bob, '16M')
    })
  })

  const withIperf = hasIperf ? it : it.skip
  withIperf.each([{ partial: true }, { partial: false }, { isV6: true }, { isCardLike: true }])(
    'carries bulk TCP as super-packets %j',
    async (options) => {
      await withTwoNodes(options, async (alice, bob) => {
        await transfer(alice, bob, '64M')
        const { counters } = await bob.ask({ do: 'report' })
        expect(counters).toMatchObject({
          replays: 0,
          authFailures: 0,
          malformed: 0,
          interfaceErrors: 0,
        })
        expect(Number(counters['opened'])).toBeGreaterThan(40_000)
        // Whatever the machine is busy with, coalescing joins several packets per write.
        expect(Number(counters['interfaceWrites'])).toBeLessThan(Number(counters['opened']) / 2)
      })
    },
  )

  withIperf('carries UDP in large and small datagrams', async () => {
    await withTwoNodes({}, async (alice, bob) => {
      for (const length of ['64', '1392']) {
        const words = ['-u', '-b', '10M', '-n', '200K', '-l', length]
        const report = await iperf<UdpReport>(alice, bob, { words })
        expect(report.end.sum.packets).toBeGreaterThan(100)
        expect(report.end.sum.lost_percent).toBeLessThan(10)
      }
    })
  })
})

interface TcpReport {
  end: { sum_received: { bytes: number } }
}
interface UdpReport {
  end: { sum: { packets: number; lost_percent: number } }
}

/** Sends `amount` bytes over TCP and checks that they arrive; what is in flight at the end is not counted by iperf3. */
async function transfer(from: LabNode, to: LabNode, amount: string): Promise<void> {
  const { end } = await iperf<TcpReport>(from, to, { words: ['-n', amount] })
  expect(end.sum_received.bytes).toBeGreaterThanOrEqual(parseInt(amount) * 500_000)
}

/** Waits until a node has seen `count` events. */
async function eventsOf(node: LabNode, count: number): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    const { events } = await node.ask({ do: 'report' })
    if (events.length >= count || attempt === 100) return events
    await pause(30)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

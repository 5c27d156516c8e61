/** Packets and paths of different sizes: who is told to send less, what travels in fragments, what a wide path gains. */
import { describe, expect, it } from '@jest/globals'
import { hasIperf, iperf } from './iperf.ts'
import { obstacle } from './scenario.ts'
import { type LabNode, withTwoNodes } from './two-nodes.ts'

const onLinux = obstacle === '' ? describe : describe.skip
const withIperf = hasIperf ? it : it.skip

/** A link of IPv6's smallest MTU, IPv4 or IPv6 outside: what it carries whole, as datagrams and as inner packets. */
const NARROW = [
  { isV6: false, datagramBytesMax: 1252, packetBytesMax: 1220 },
  { isV6: true, datagramBytesMax: 1232, packetBytesMax: 1200 },
]

onLinux('a path of 1,280 bytes', () => {
  it.each(NARROW)('tells hosts to send less (%j)', async (path) => {
    const { isV6, datagramBytesMax, packetBytesMax } = path
    await withTwoNodes({ isV6, mtu: 1280 }, async (alice, bob) => {
      for (const node of [alice, bob]) await node.ask({ do: 'path', datagramBytesMax })
      const words = ['ping', '-c', '2', '-i', '0.1', '-W', '1', '-M', 'do', '-s', '1372']
      expect(await alice.run(...words, '10.9.0.2')).toContain(`(mtu = ${packetBytesMax})`)
      const route = await alice.run('ip', 'route', 'get', '10.9.0.2')
      expect(route).toContain(`mtu ${packetBytesMax}`)
      await alice.run('ping', '-6', '-c', '1', '-W', '0.2', '-M', 'do', '-s', '1372', 'fd09::2')
      expect(await alice.run('ip', '-6', 'route', 'get', 'fd09::2')).toContain('mtu 1280')
      expect((await alice.ask({ do: 'report' })).counters).toMatchObject({
        tooBig: 2,
        fragmented: 0,
      })
    })
  })

  it.each(NARROW)('carries IPv6 packets of 1,280 bytes in fragments (%j)', async (path) => {
    const { isV6, datagramBytesMax } = path
    await withTwoNodes({ isV6, mtu: 1280 }, async (alice, bob) => {
      for (const node of [alice, bob]) await node.ask({ do: 'path', datagramBytesMax })
      const words = ['ping', '-6', '-c', '3', '-i', '0.1', '-W', '2', '-M', 'do', '-s', '1232']
      expect(await alice.run(...words, 'fd09::2')).toContain('3 received')
      const { counters } = await alice.ask({ do: 'report' })
      expect(counters).toMatchObject({ tooBig: 0, fragmented: 3, sendErrors: 0 })
    })
  })

  withIperf.each(NARROW)('carries TCP without fragments (%j)', async (path) => {
    const { isV6, datagramBytesMax, packetBytesMax } = path
    await withTwoNodes({ isV6, mtu: 1280 }, async (alice, bob) => {
      for (const node of [alice, bob]) await node.ask({ do: 'path', datagramBytesMax })
      for (const inner of ['10.9.0.2', 'fd09::2']) {
        expect(await segmentBytes(alice, bob, inner)).toBe(
          packetBytesMax - (inner.includes(':') ? 60 : 40) - TIMESTAMP_BYTES,
        )
      }
      const { counters } = await alice.ask({ do: 'report' })
      expect(counters).toMatchObject({ tooBig: 0, fragmented: 0, sendErrors: 0 })
    })
  })

  it.each([false, true])('knows which datagrams the link takes whole (IPv6 %s)', async (isV6) => {
    await withTwoNodes({ isV6, mtu: 1280 }, async (alice, bob) => {
      const most = isV6 ? 1232 : 1252
      await alice.ask({ do: 'whole', bytes: most })
      await alice.ask({ do: 'whole', bytes: most + 1 })
      await alice.ask({ do: 'datagram', text: '\x10'.repeat(most + 1) })
      const { events } = await alice.ask({ do: 'report' })
      expect(events).toEqual([`whole ${most} true`, `whole ${most + 1} false`])
      const from = isV6 ? 'fd07::1' : '192.168.7.1'
      const arrived = `datagram ${from} ${'\x10'.repeat(32)}`
      await expect(eventsOf(bob, 2)).resolves.toEqual([arrived, arrived])
    })
  })
})

onLinux('a path of 9,000 bytes', () => {
  it.each([false, true])('carries packets of 8,900 bytes (IPv6 outside %s)', async (isV6) => {
    await withTwoNodes({ isV6, mtu: 9000, innerMtu: 8900 }, async (alice, bob) => {
      for (const node of [alice, bob]) await node.ask({ do: 'path', datagramBytesMax: 8952 })
      const words = ['ping', '-c', '3', '-i', '0.1', '-W', '2', '-M', 'do', '-s', '8872']
      expect(await alice.run(...words, '10.9.0.2')).toContain('3 received')
      if (hasIperf)
        expect(await segmentBytes(alice, bob, '10.9.0.2')).toBe(8900 - 40 - TIMESTAMP_BYTES)
      const { counters } = await alice.ask({ do: 'report' })
      expect(counters).toMatchObject({ tooBig: 0, fragmented: 0, sendErrors: 0 })
    })
  })
})

/** RFC 7323: the option that Linux puts into every segment. */
const TIMESTAMP_BYTES = 12

/** Sends 16 MB over TCP (iperf3 does not count what is in flight at the end); returns the size of the segments that carried them. */
async function segmentBytes(alice: LabNode, bob: LabNode, to: string): Promise<number> {
  const { start, end } = await iperf<TcpReport>(alice, bob, { to, words: ['-n', '16M'] })
  expect(end.sum_received.bytes).toBeGreaterThan(8 << 20)
  return start.tcp_mss_default
}

interface TcpReport {
  start: { tcp_mss_default: number }
  end: { sum_received: { bytes: number } }
}

async function eventsOf(node: LabNode, count: number): Promise<string[]> {
  for (let tries = 0; tries < 60; tries++) {
    const { events } = await node.ask({ do: 'report' })
    if (events.length >= count) return events
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return (await node.ask({ do: 'report' })).events
}

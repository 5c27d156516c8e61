/**
 * TCP throughput of the data plane between two namespaces, as a ratio to the bare link.
 *
 * Run as root: `unshare -n node --conditions=@ipop/source --import tsx bench/throughput.ts [seconds] [rounds] [row]`;
 * `row` chooses those whose name contains it.
 */
import { iperf } from '../test/integration/iperf.ts'
import { type LabNode, type LabOptions, withTwoNodes } from '../test/integration/two-nodes.ts'

const seconds = Number(process.argv[2] ?? 4)
const rounds = Number(process.argv[3] ?? 3)

const wanted = process.argv[4] ?? ''

const all: [string, LabOptions][] = [
  ['AES-256-GCM, partial checksums', {}],
  ['AES-256-GCM', { partial: false }],
  ['ChaCha20-Poly1305, partial checksums', { cipher: 'chacha20-poly1305' }],
  ['AES-256-GCM, IPv6 outer', { isV6: true }],
  ['AES-256-GCM, partial checksums, card-like link', { isCardLike: true }],
]

/** The route says cubic: `iperf3 -C` comes after the handshake and leaves a sender that began with BBR paced. */
async function gigabits(
  client: LabNode,
  server: LabNode,
  host: string,
  device: string,
): Promise<number> {
  const prefix = `${host}/${host.includes(':') ? 128 : 32}`
  await client.run('ip', 'route', 'replace', prefix, 'dev', device, 'congctl', 'cubic')
  const words = ['-t', String(seconds)]
  const { end } = await iperf<TcpReport>(client, server, { to: host, words })
  return end.sum_received.bits_per_second / 1e9
}

interface TcpReport {
  end: { sum_received: { bits_per_second: number } }
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0

for (const [name, options] of all.filter(([name]) => name.includes(wanted))) {
  const found = await withTwoNodes(options, async (alice, bob) => {
    const raw: number[] = []
    const tunnel: number[] = []
    const cpu: number[] = []
    for (let round = 0; round < rounds; round++) {
      raw.push(await gigabits(alice, bob, options.isV6 ? 'fd07::2' : '192.168.7.2', 'v1'))
      const before = [await alice.ask({ do: 'report' }), await bob.ask({ do: 'report' })]
      const gbit = await gigabits(alice, bob, '10.9.0.2', 'ipop0')
      const after = [await alice.ask({ do: 'report' }), await bob.ask({ do: 'report' })]
      const ms = after.reduce((sum, report, i) => sum + report.cpuMs - (before[i]?.cpuMs ?? 0), 0)
      tunnel.push(gbit)
      cpu.push(ms / 1000 / ((gbit * seconds) / 8))
    }
    if (process.env['COUNTERS'])
      console.log(
        (await alice.ask({ do: 'report' })).counters,
        (await bob.ask({ do: 'report' })).counters,
      )
    return { raw: median(raw), tunnel: median(tunnel), all: tunnel, cpu: median(cpu) }
  })
  const ratio = (found.tunnel / found.raw).toFixed(3)
  const all = found.all.map((value) => value.toFixed(2)).join(' ')
  console.log(
    `${name}: ${found.tunnel.toFixed(2)} Gbit/s (${all}), raw ${found.raw.toFixed(2)}, ratio ${ratio}, ${found.cpu.toFixed(2)} CPU-s/GB`,
  )
}

/** Several threads a direction: everything arrives, and what one flow sends arrives in order. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { hasIperf, iperf } from './iperf.ts'
import { obstacle } from './scenario.ts'
import { type LabNode, withTwoNodes } from './two-nodes.ts'

const onLinux = obstacle === '' ? describe : describe.skip
const withIperf = hasIperf ? it : it.skip
const FLOWS = 8

onLinux.each([{ threads: 2 }, { threads: 4 }])('with %j', (options) => {
  it('has as many of each, and ends them all', async () => {
    await withTwoNodes(options, async (alice, bob) => {
      expect(await bob.run('ping', '-c', '3', '-i', '0.05', '10.9.0.1')).toContain('3 received')
      await settled(alice, { rx: options.threads, tx: options.threads })
      await alice.ask({ do: 'rebind' })
      await settled(alice, { rx: options.threads, tx: options.threads })
      const gone = execFileSync('nsenter', [
        '-t',
        String(bob.pid),
        '-n',
        'ip',
        'link',
        'del',
        'ipop0',
      ])
      expect(String(gone)).toBe('')
      await settled(bob, { rx: options.threads, tx: 0 })
      expect([await alice.close(), await bob.close()]).toEqual([0, 0])
    })
  })

  withIperf('carries parallel TCP flows in both directions', async () => {
    await withTwoNodes(options, async (alice, bob) => {
      for (const words of [[], ['-R']]) {
        const flows = ['-P', String(FLOWS), '-n', '64M', ...words]
        const { end } = await iperf<TcpReport>(alice, bob, { words: flows })
        expect(end.streams).toHaveLength(FLOWS)
        for (const { receiver } of end.streams) expect(receiver.bytes).toBeGreaterThan(0)
        expect(end.sum_received.bytes).toBeGreaterThan(1_000_000)
      }
      for (const node of [alice, bob]) {
        const { counters } = await node.ask({ do: 'report' })
        const none = { replays: 0, authFailures: 0, malformed: 0, foreignSource: 0 }
        expect(counters).toMatchObject(none)
        expect(Number(counters['opened'])).toBeGreaterThan(10_000)
      }
    })
  })

  withIperf('keeps the packets of a UDP flow in order', async () => {
    await withTwoNodes(options, async (alice, bob) => {
      const words = ['-u', '-b', '60M', '-t', '2', '-l', '1200', '--get-server-output']
      const report = await iperf<UdpReport>(alice, bob, { words })
      const [stream] = report.server_output_json.end.streams
      expect(stream?.udp.packets).toBeGreaterThan(5_000)
      expect(stream?.udp.out_of_order).toBe(0)
    })
  })
})

interface TcpReport {
  end: { streams: { receiver: { bytes: number } }[]; sum_received: { bytes: number } }
}
interface UdpReport {
  server_output_json: { end: { streams: { udp: { packets: number; out_of_order: number } }[] } }
}

/** Waits for a number of threads; each takes its name when it runs first. */
async function settled({ pid }: LabNode, wanted: { rx: number; tx: number }): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { rx, tx } = threadsOf(pid)
    if (rx === wanted.rx && tx === wanted.tx) break
    await pause(20)
  }
  expect(threadsOf(pid)).toEqual(wanted)
}

/** Returns how many packet threads a process has. */
function threadsOf(pid: number): { rx: number; tx: number } {
  const folder = `/proc/${pid}/task`
  const names = readdirSync(folder).map((id) => readFileSync(`${folder}/${id}/comm`, 'utf8').trim())
  const count = (name: string) => names.filter((each) => each === name).length
  return { rx: count('ipop-rx'), tx: count('ipop-tx') }
}

/** `ipop trace` on machines with either data plane: the pings of the network stand in the file. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Lab } from '../../tools/lab/namespaces.mjs'
import {
  app,
  ping,
  startTutorial,
  TUTORIAL,
  until,
  virtualAddress,
} from '../../tools/lab/tutorial.mjs'
import { whyNoTunnels } from './why-not.ts'

const HOSTS = ['alice', 'bob'] as const
/** Bob's machine has no native data plane. */
const ENVIRONMENT = { alice: {}, bob: { IPOP_DATAPLANE: 'js' } }
const PINGS = 5

interface Record {
  readonly seconds: number
  readonly length: number
  readonly packet: Buffer
}

const reason = whyNoTunnels()
if (reason) console.warn(`The tests of traces are skipped: ${reason}.`)
const describeIfPossible = reason ? describe.skip : describe

describeIfPossible('ipop trace', () => {
  const lab = new Lab({ prefix: 'trace-' })

  beforeAll(async () => {
    lab.up(TUTORIAL.hosts)
    await startTutorial(lab, HOSTS, { envOf: ENVIRONMENT })
    ping(lab, 'alice', String(virtualAddress(lab, 'bob')), { count: 2 })
  }, 120_000)

  afterAll(() => lab.down(), 30_000)

  it.each(HOSTS)(
    'records both directions at %s',
    async (host) => {
      const file = join(lab.home(host), 'inside.pcap')
      const [alice, bob] = HOSTS.map((each) => String(virtualAddress(lab, each)))
      const words = ['--pcap', file, '--packets', '1000', '--seconds', '60', '--snap', '64']
      const recorder = lab.spawn(host, ipop(host, 'trace', ...words), { name: 'trace' })
      await until('the head of the file', () => existsSync(file) && readFileSync(file).length >= 24)
      const busy = lab.run(host, ipop(host, 'trace', '--pcap', `${file}.2`))
      expect([busy.status, busy.stderr]).toEqual([1, expect.stringContaining('records already')])
      expect(ping(lab, 'alice', String(bob), { count: PINGS }).received).toBe(PINGS)
      await until('the packets', () => echoes(file).length >= 2 * PINGS)
      recorder.kill('SIGINT')
      await recorder.exited
      expect(lab.log(host, 'trace')).toMatch(/\d+ packets recorded, 0 dropped/)
      const found = echoes(file)
      const requests = found.filter(({ type }) => type === 8)
      const replies = found.filter(({ type }) => type === 0)
      expect(requests.map(({ way }) => way)).toEqual(Array(PINGS).fill(`${alice} ${bob}`))
      expect(replies.map(({ way }) => way)).toEqual(Array(PINGS).fill(`${bob} ${alice}`))
      for (const { seconds, length, packet } of found) {
        expect(Math.abs(seconds - Date.now() / 1_000)).toBeLessThan(600)
        expect([length, packet.length]).toEqual([84, 64])
      }
    },
    60_000,
  )

  it('says why it cannot record', () => {
    const nowhere = lab.run('alice', ipop('alice', 'trace', '--pcap', '/nowhere/inside.pcap'))
    expect([nowhere.status, nowhere.stderr]).toEqual([
      1,
      'ipop: /nowhere/inside.pcap cannot be written: ENOENT\n',
    ])
    const endless = lab.run('alice', ipop('alice', 'trace', '--pcap', '-', '--seconds', '0'))
    expect(endless.status).toBe(2)
    const bare = /control socket: (.*)/.exec(lab.log('pam', 'bootstrap'))?.[1] ?? ''
    const words = ['--socket', bare, 'trace', '--pcap', '-']
    const without = lab.run('pam', [...app('crawler', 'ipop'), ...words])
    expect([without.status, without.stderr]).toEqual([
      1,
      expect.stringContaining('no virtual network'),
    ])
  })

  function ipop(host: string, ...words: string[]): string[] {
    const socket = /control socket: (.*)/.exec(lab.log(host, 'ipop-node'))?.[1] ?? ''
    return [...app('crawler', 'ipop'), '--socket', socket, ...words]
  }
})

/** Returns the echo requests (type 8) and replies (type 0) of IPv4 in a file. */
function echoes(file: string) {
  const bytes = readFileSync(file)
  expect([bytes.readUInt32LE(0), bytes.readUInt32LE(16), bytes.readUInt32LE(20)]).toEqual([
    0xa1b2c3d4, 64, 101,
  ])
  return recordsOf(bytes).flatMap((record) => {
    const { packet } = record
    if ((packet[0] ?? 0) >> 4 !== 4 || packet[9] !== 1) return []
    const address = (at: number) => packet.subarray(at, at + 4).join('.')
    return [{ ...record, type: packet[20], way: `${address(12)} ${address(16)}` }]
  })
}

function recordsOf(bytes: Buffer): Record[] {
  const records: Record[] = []
  for (let at = 24; at + 16 <= bytes.length;) {
    const end = at + 16 + bytes.readUInt32LE(at + 8)
    // The last record may be on its way.
    if (end > bytes.length) break
    const packet = bytes.subarray(at + 16, end)
    records.push({ seconds: bytes.readUInt32LE(at), length: bytes.readUInt32LE(at + 12), packet })
    at = end
  }
  return records
}

/** IPv6 inside and outside: machines of both data planes, over an underlay of either family, and one without IPv6. */
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Lab } from '../../tools/lab/namespaces.mjs'
import {
  askNode,
  configure,
  consistentCrawl,
  copyBetween,
  ping,
  startNode,
  startPam,
  TUTORIAL,
  until,
  virtualAddress,
  virtualIpv6,
} from '../../tools/lab/tutorial.mjs'
import { whyNoTunnels } from './why-not.ts'

const COPY_BYTES = 50_000_000
const NODES = 3
const HOSTS = ['alice', 'bob', 'carol'] as const
/** Carol's machine has no native data plane. */
const ENVIRONMENT = { alice: {}, bob: {}, carol: { IPOP_DATAPLANE: 'js' } }
const UNDERLAYS = [
  { family: 'IPv4', network: '10.99.0.', length: 24 },
  { family: 'IPv6', network: 'fd00::', length: 64 },
] as const
const PATHS = [
  ['alice', 'bob'],
  ['alice', 'carol'],
  ['carol', 'bob'],
] as const

const reason = whyNoTunnels()
if (reason) console.warn(`The tests of virtual IPv6 are skipped: ${reason}.`)
const describeIfPossible = reason ? describe.skip : describe

describeIfPossible.each(UNDERLAYS)(
  'IPv6 inside, $family outside',
  ({ family, network, length }) => {
    const lab = new Lab({ prefix: `in6-${length}-` })

    beforeAll(async () => {
      const names = ['pam', ...HOSTS, 'dave']
      const hosts = names.map((name, index) => [name, `${network}${index + 1}/${length}`] as const)
      lab.up(Object.fromEntries(hosts))
      startPam(lab, { count: NODES, address: `${network}1` })
      await consistentCrawl(lab, 'pam', NODES)
      for (const host of HOSTS) {
        configure(lab, host)
        startNode(lab, host, { env: ENVIRONMENT[host] })
      }
      for (const host of HOSTS)
        await until(
          `${host}'s addresses`,
          () => virtualAddress(lab, host) && virtualIpv6(lab, host),
        )
    }, 120_000)

    afterAll(() => lab.down(), 30_000)

    it('gives every machine the address that follows from its node, and says so', () => {
      const addresses = HOSTS.map((host) => addressOf(host))
      expect(new Set(addresses).size).toBe(HOSTS.length)
      expect(new Set(addresses.map((address) => address.slice(0, 9))).size).toBe(1)
      for (const host of HOSTS) {
        const { nodes } = askNode(lab, host, 'status') as { nodes: { virtualIpv6?: string }[] }
        expect(nodes[0]?.virtualIpv6).toBe(addressOf(host))
      }
    })

    it('lets everybody ping everybody', () => {
      for (const from of HOSTS) {
        for (const to of HOSTS) {
          ping(lab, from, addressOf(to), { count: 1 })
          expect(ping(lab, from, addressOf(to), { count: 3 }).lossPercent).toBe(0)
        }
      }
    }, 60_000)

    it('sends nothing but this family between the machines', () => {
      const peers = askNode(lab, 'alice', 'peers') as { remote?: string }[]
      const remotes = peers.flatMap(({ remote }) => (remote === undefined ? [] : [remote]))
      expect(remotes.length).toBeGreaterThan(0)
      for (const remote of remotes) expect(remote.includes('[')).toBe(family === 'IPv6')
    })

    it.each(PATHS)(
      'carries copies from %s to %s intact, over IPv6 and over IPv4',
      async (from, to) => {
        for (const address of [addressOf(to), String(virtualAddress(lab, to))]) {
          const { sent, received } = await copyBetween(lab, from, to, {
            address,
            bytes: COPY_BYTES,
          })
          expect(sent).toMatch(/^[0-9a-f]{64}$/)
          expect(received).toBe(sent)
        }
      },
      180_000,
    )

    it.each(['bob', 'carol'] as const)('lets no packet with a foreign source come to %s', (to) => {
      const forged = addressOf('alice').replace(/[^:]*$/, 'bad')
      const held = [`${forged}/128`, 'dev', TUTORIAL.device]
      lab.run('alice', ['ip', '-6', 'addr', 'add', ...held, 'nodad'])
      ping(lab, 'alice', addressOf(to), { count: 1 })
      const before = echoes(to)
      lab.run('alice', [
        'ping',
        '-n',
        '-c',
        '3',
        '-i',
        '0.2',
        '-W',
        '1',
        '-I',
        forged,
        addressOf(to),
      ])
      expect(echoes(to)).toBe(before)
      lab.run('alice', ['ip', '-6', 'addr', 'del', ...held])
      ping(lab, 'alice', addressOf(to), { count: 2 })
      expect(echoes(to)).toBe(before + 2)
    })

    it('says at once that there is no such node', () => {
      const nobody = addressOf('alice').replace(/[^:]*$/, 'bad1')
      const { stdout } = ping(lab, 'alice', nobody, { count: 2 })
      expect(stdout).toContain('Address unreachable')
    })

    it('has IPv4 alone, after one warning, on a machine that forbids IPv6', async () => {
      const forbid = '/proc/sys/net/ipv6/conf/default/disable_ipv6'
      lab.run('dave', ['sh', '-c', `echo 1 > ${forbid}`])
      configure(lab, 'dave')
      startNode(lab, 'dave')
      await until("dave's virtual address", () => virtualAddress(lab, 'dave'))
      const address = String(virtualAddress(lab, 'dave'))
      ping(lab, 'alice', address, { count: 1 })
      expect(ping(lab, 'alice', address, { count: 3 }).lossPercent).toBe(0)
      expect(virtualIpv6(lab, 'dave')).toBeUndefined()
      const log = fs.readFileSync(path.join(lab.home('dave'), 'ipop-node.log'), 'utf8')
      expect(log.split('no IPv6 in the virtual network')).toHaveLength(2)
      const refused = /"?address"?[=:]"?(fd[\da-f:]+)/.exec(log.slice(log.indexOf('no IPv6')))?.[1]
      const { stdout } = ping(lab, 'alice', String(refused), { count: 2 })
      expect(stdout).toContain('Address unreachable')
    }, 60_000)

    function addressOf(host: string): string {
      return String(virtualIpv6(lab, host))
    }

    /** How many echo requests came out of a machine's virtual interface. */
    function echoes(host: string): number {
      const { stdout } = lab.run(host, ['cat', `/proc/net/dev_snmp6/${TUTORIAL.device}`])
      return Number(/^Icmp6InEchos\s+(\d+)$/m.exec(stdout)?.[1])
    }
  },
)

/** The tutorial on real sockets and interfaces: machines that die and come back, a long copy, a clean end. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Lab } from '../../tools/lab/namespaces.mjs'
import {
  app,
  configure,
  consistentCrawl,
  copyBetween,
  ping,
  startNode,
  startPam,
  TUTORIAL,
  until,
  virtualAddress,
} from '../../tools/lab/tutorial.mjs'
import { whyNoInterfaces } from './why-not.ts'

const COPY_BYTES = Number(process.env['IPOP_COPY_MB'] ?? 1_000) * 1_000_000
const TOTAL = TUTORIAL.nodes + 3

const reason = whyNoInterfaces()
if (reason) console.warn(`The end-to-end tests are skipped: ${reason}.`)
const describeIfPossible = reason ? describe.skip : describe

describeIfPossible('the tutorial', () => {
  const lab = new Lab({ prefix: 'e2e-' })
  const machines = new Map<string, ReturnType<typeof startPam>>()

  beforeAll(async () => {
    lab.up(TUTORIAL.hosts)
    machines.set('pam', startPam(lab))
    await consistentCrawl(lab, 'pam', TUTORIAL.nodes)
    for (const host of ['alice', 'bob', 'carol']) {
      configure(lab, host)
      machines.set(host, startNode(lab, host))
    }
    for (const host of ['alice', 'bob', 'carol'])
      await until(`${host}'s virtual address`, () => virtualAddress(lab, host))
  }, 120_000)

  afterAll(() => lab.down(), 30_000)

  it('gives Alice and Bob their static addresses and Carol a lease of the same network', () => {
    expect(virtualAddress(lab, 'alice')).toBe(TUTORIAL.virtual.alice)
    expect(virtualAddress(lab, 'bob')).toBe(TUTORIAL.virtual.bob)
    expect(virtualAddress(lab, 'carol')).toMatch(/^192\.168\.10\.\d+$/)
  })

  it('crawls twelve lines about a consistent ring', async () => {
    const { stdout } = await consistentCrawl(lab, 'alice', TOTAL)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(':')[0]),
    ).toEqual([
      'Total Nodes',
      'Consistent Nodes',
      'Consistency',
      'Connections',
      'SecurityAssociations',
      'WrappedEdges',
      'Edges',
      'RelayEdges',
      'SubringEdges',
      'TcpEdges',
      'UdpEdges',
      'Crawl took',
    ])
    expect(stdout).toContain(`Consistent Nodes: ${TOTAL}\n`)
  }, 90_000)

  it('pings between all three without loss after the first answer', () => {
    const addresses = ['alice', 'bob', 'carol'].map(
      (host) => [host, virtualAddress(lab, host)] as const,
    )
    for (const [from] of addresses) {
      for (const [to, address] of addresses) {
        if (from === to) continue
        ping(lab, from, String(address), { count: 1 })
        expect(ping(lab, from, String(address)).lossPercent).toBe(0)
      }
    }
  }, 60_000)

  it('finds node addresses by virtual address', () => {
    const { stdout } = lab.run('carol', [
      ...app('crawler', 'bget'),
      `dhcp:${TUTORIAL.namespace}:${TUTORIAL.virtual.alice}`,
    ])
    expect(lab.run('alice', ['cat', 'node.config']).stdout).toContain(
      `<NodeAddress>${stdout.trim()}</NodeAddress>`,
    )
  })

  it('carries a long TCP copy intact', async () => {
    const options = { address: TUTORIAL.virtual.bob, bytes: COPY_BYTES }
    const { sent, received } = await copyBetween(lab, 'alice', 'bob', options)
    expect(sent).toMatch(/^[0-9a-f]{64}$/)
    expect(received).toBe(sent)
  }, 620_000)

  it('keeps Alice and Bob talking without a lost packet when Pam is killed, and takes her back', async () => {
    const pinging = lab.spawn(
      'alice',
      ['ping', '-n', '-i', '0.2', '-c', '50', TUTORIAL.virtual.bob],
      { name: 'ping' },
    )
    await lab.stop(machines.get('pam') as never, 'SIGKILL')
    await pinging.exited
    expect(lab.log('alice', 'ping')).toContain(
      '50 packets transmitted, 50 received, 0% packet loss',
    )
    machines.set('pam', startPam(lab))
    await consistentCrawl(lab, 'alice', TOTAL, 120_000)
  }, 180_000)

  it('lets Bob come back with the same address after a kill', async () => {
    const before = lab.run('bob', ['grep', 'NodeAddress', 'node.config']).stdout
    await lab.stop(machines.get('bob') as never, 'SIGKILL')
    await until('the interface to vanish', () => virtualAddress(lab, 'bob') === undefined)
    machines.set('bob', startNode(lab, 'bob'))
    await until('the same address', () => virtualAddress(lab, 'bob') === TUTORIAL.virtual.bob)
    await until(
      'a ping',
      () => ping(lab, 'alice', TUTORIAL.virtual.bob, { count: 1 }).received === 1,
    )
    expect(lab.run('bob', ['grep', 'NodeAddress', 'node.config']).stdout).toBe(before)
  }, 60_000)

  it('refuses a second start on the same state with exit code 2', () => {
    const second = lab.run('bob', [
      ...app('ipop-node'),
      '-n',
      'node.config',
      '-i',
      'ipop.config',
      '-d',
      'dhcp.config',
    ])
    expect(second.status).toBe(2)
    expect(second.stderr).toMatch(/already|in use|running/i)
  })

  it('leaves cleanly on SIGTERM: exit code 0, the lease released, the neighbours notice at once', async () => {
    const address = String(virtualAddress(lab, 'carol'))
    const { code } = await lab.stop(machines.get('carol') as never)
    expect(code).toBe(0)
    expect(virtualAddress(lab, 'carol')).toBeUndefined()
    await consistentCrawl(lab, 'alice', TOTAL - 1, 5_000)
    const { stdout } = lab.run('alice', [
      ...app('crawler', 'bget'),
      `dhcp:${TUTORIAL.namespace}:${address}`,
    ])
    expect(stdout.trim()).toBe('')
  }, 30_000)
})

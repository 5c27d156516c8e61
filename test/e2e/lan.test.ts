/** Machines on a network of their own, without a bootstrap: they find each other, and share one virtual network. */
import { afterEach, describe, expect, it } from '@jest/globals'
import { HOSTS, HOSTS6, startAlone } from '../../tools/lab/lan.mjs'
import { Lab } from '../../tools/lab/namespaces.mjs'
import { app, ping, until, virtualAddress } from '../../tools/lab/tutorial.mjs'

const NAMES = ['alice', 'bob', 'carol'] as const

const reason = Lab.unavailable()
if (reason) console.warn(`The tests of isolated networks are skipped: ${reason}.`)
const describeIfPossible = reason ? describe.skip : describe

describeIfPossible('machines without a bootstrap', () => {
  let lab: Lab

  afterEach(() => lab.down(), 30_000)

  it.each([
    ['IPv4', HOSTS],
    ['IPv6', HOSTS6],
  ])(
    'find each other over %s and get addresses from the one that has the settings',
    async (_family, hosts) => {
      lab = new Lab({ prefix: 'lan-' })
      lab.up(hosts)
      for (const name of NAMES) startAlone(lab, name, { hasSettings: name === 'bob' })
      const addresses = await until('three virtual addresses', () => {
        const found = NAMES.map((name) => virtualAddress(lab, name))
        return found.every((each) => each !== undefined) ? found : undefined
      })
      expect(new Set(addresses).size).toBe(3)
      for (const from of NAMES) {
        for (const to of addresses) {
          const isReached = () => ping(lab, from, String(to), { count: 1 }).received === 1
          await until(`a ping from ${from} to ${to}`, isReached, 15_000)
        }
      }
      expect(peerCount('alice')).toBe(2)
    },
    90_000,
  )

  it('stay alone where the configuration says so', async () => {
    lab = new Lab({ prefix: 'lan-' })
    lab.up(HOSTS)
    const extra = '<LanDiscovery><Enabled>false</Enabled></LanDiscovery>'
    startAlone(lab, 'alice', { hasSettings: true, extra })
    await until("alice's address", () => virtualAddress(lab, 'alice'))
    startAlone(lab, 'bob', { hasSettings: true })
    await until("bob's address", () => virtualAddress(lab, 'bob'))
    expect([peerCount('alice'), peerCount('bob')]).toEqual([0, 0])
  }, 60_000)

  function peerCount(host: string): number {
    const socket = `${lab.home(host)}/control.sock`
    const command = [...app('crawler', 'ipop'), '--json', '--socket', socket, 'peers']
    return (JSON.parse(lab.run(host, command).stdout) as unknown[]).length
  }
})

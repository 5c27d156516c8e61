/** A node behind a NAT that maps by destination, with the real miniupnpd: mapped, reached directly, and gone after the end. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Lab, type LabProcess } from '../../tools/lab/namespaces.mjs'
import {
  ask,
  forwarded,
  mappingLabUp,
  OUTSIDE,
  startBehind,
  startMiniupnpd,
  startOutside,
  type Speaks,
  unavailable,
  VIRTUAL,
} from '../../tools/lab/port-mapping.mjs'
import { ping, until } from '../../tools/lab/tutorial.mjs'

const MAPPED = `brunet.udp://${OUTSIDE.gate}:40000`
const BOTH = [
  { kind: 'udp', port: 40_000, to: '192.168.50.2:40000' },
  { kind: 'tcp', port: 40_000, to: '192.168.50.2:40000' },
]

interface NetCheck {
  readonly portMapping?: {
    readonly state: string
    readonly protocols: readonly { readonly protocol: string; readonly state: string }[]
    readonly mapped: readonly string[]
  }
  readonly advice: readonly string[]
}
interface Peer {
  readonly address: string
  readonly edgeKinds: readonly string[]
  readonly remote?: string
}

const reason = unavailable()
if (reason) console.warn(`The tests of port mapping are skipped: ${reason}.`)
const describeIfPossible = reason ? describe.skip : describe

describeIfPossible('port mapping', () => {
  const lab = new Lab({ prefix: 'map-' })
  let running: LabProcess[] = []

  beforeAll(async () => {
    mappingLabUp(lab)
    startOutside(lab)
    startBehind(lab, 'bob')
    await until("bob's node", () => ask(lab, 'bob', 'status'))
  }, 60_000)

  afterEach(async () => {
    await Promise.all(running.map((child) => lab.stop(child)))
    running = []
  }, 30_000)

  afterAll(() => lab.down(), 30_000)

  it.each<[string, Speaks, string]>([
    ['PCP', { hasUpnp: false }, 'pcp'],
    ['UPnP, version 2', { hasPcp: false }, 'upnp'],
    ['UPnP, version 1', { hasPcp: false, isVersion1: true }, 'upnp'],
  ])(
    'by %s lets others in, and ends with the node',
    async (_name, speaks, protocol) => {
      const router = startMiniupnpd(lab, speaks)
      const alice = startBehind(lab, 'alice')
      running = [router, alice]
      await until('the mappings', () => forwarded(lab).length === 2)
      expect(forwarded(lab)).toEqual(BOTH)
      const { portMapping } = await until('the word of it', mapped)
      expect(portMapping?.mapped).toContain(MAPPED)
      expect(portMapping?.protocols).toContainEqual({ protocol, state: 'available' })
      ping(lab, 'bob', VIRTUAL.alice, { count: 3 })
      await until('the direct path', () => peers().some(({ remote }) => remote === MAPPED))
      expect(ping(lab, 'bob', VIRTUAL.alice, { count: 3 }).lossPercent).toBe(0)
      await lab.stop(alice)
      expect(forwarded(lab)).toEqual([])
    },
    90_000,
  )

  it('is said to be refused by a router without a public address', async () => {
    const address = ['ip', 'addr', 'add', '10.9.9.9/24', 'dev', 'eth0']
    lab.run('gate', ['ip', 'addr', 'flush', 'dev', 'eth0'])
    lab.run('gate', address)
    lab.run('gate', ['ip', 'addr', 'add', `${OUTSIDE.gate}/24`, 'dev', 'eth0'])
    running = [startMiniupnpd(lab), startBehind(lab, 'alice')]
    const { advice } = await until('advice', () => {
      const check = netcheck()
      return check?.portMapping?.state === 'none' ? check : undefined
    })
    expect(advice.join(' ')).toContain('another NAT')
    expect(forwarded(lab)).toEqual([])
  }, 90_000)

  it('is left alone where the configuration says so', async () => {
    const off = '<PortMapping><Enabled>false</Enabled></PortMapping>'
    running = [startBehind(lab, 'alice', off)]
    const check = await until('the network check', netcheck)
    expect(check.portMapping).toBeUndefined()
  }, 60_000)

  function netcheck(): NetCheck | undefined {
    return ask(lab, 'alice', 'netcheck') as NetCheck | undefined
  }

  function mapped(): NetCheck | undefined {
    const check = netcheck()
    return check?.portMapping?.state === 'mapped' ? check : undefined
  }

  function peers(): readonly Peer[] {
    return (ask(lab, 'bob', 'peers') ?? []) as readonly Peer[]
  }
})

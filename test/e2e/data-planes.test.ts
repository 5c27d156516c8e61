/** Machines with the native data plane and one with JavaScript's in one virtual network: packets, rows, traffic. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Lab } from '../../tools/lab/namespaces.mjs'
import {
  app,
  copyBetween,
  ping,
  startTutorial,
  TUTORIAL,
  until,
  virtualAddress,
} from '../../tools/lab/tutorial.mjs'
import { whyNoTunnels } from './why-not.ts'

const COPY_BYTES = 10_000_000
const HOSTS = ['alice', 'bob', 'carol'] as const
/** Carol's machine has no native data plane. */
const ENVIRONMENT = { alice: {}, bob: {}, carol: { IPOP_DATAPLANE: 'js' } }

interface Peer {
  readonly address: string
  readonly traffic: { readonly bytesIn: number; readonly bytesOut: number }
}
interface Status {
  readonly nodes: readonly {
    readonly address: string
    readonly dataPlane: { readonly name: string; readonly counters?: Record<string, number> }
  }[]
}

const reason = whyNoTunnels()
if (reason) console.warn(`The tests of both data planes are skipped: ${reason}.`)
const describeIfPossible = reason ? describe.skip : describe

describeIfPossible('two data planes', () => {
  const lab = new Lab({ prefix: 'planes-' })

  beforeAll(async () => {
    lab.up(TUTORIAL.hosts)
    await startTutorial(lab, HOSTS, { envOf: ENVIRONMENT })
  }, 120_000)

  afterAll(() => lab.down(), 30_000)

  it('say which they are', () => {
    expect(HOSTS.map((host) => status(host).dataPlane.name)).toEqual(['rust', 'rust', 'javascript'])
    expect(lab.log('alice', 'ipop-node')).toContain('data plane: rust\n')
    expect(lab.log('carol', 'ipop-node')).toContain(
      'data plane: javascript (slow): IPOP_DATAPLANE=js\n',
    )
  })

  it('understand each other', () => {
    for (const [from, to] of pairs()) {
      ping(lab, from, addressOf(to), { count: 1 })
      expect(ping(lab, from, addressOf(to), { count: 3 }).lossPercent).toBe(0)
    }
  }, 60_000)

  it.each([
    ['alice', 'bob'],
    ['alice', 'carol'],
    ['carol', 'bob'],
  ] as const)(
    'carry a copy from %s to %s intact',
    async (from, to) => {
      const options = { address: addressOf(to), bytes: COPY_BYTES }
      const { sent, received } = await copyBetween(lab, from, to, options)
      expect(sent).toMatch(/^[0-9a-f]{64}$/)
      expect(received).toBe(sent)
    },
    130_000,
  )

  it('keep packets out of JavaScript once there is a row, and count them all the same', async () => {
    const { counters = {} } = status('alice').dataPlane
    expect(counters['sealed']).toBeGreaterThan(COPY_BYTES / 1_500)
    expect(counters['punted']).toBeLessThan(100)
    const bob = status('bob').address
    const seen = () =>
      (ask('alice', 'peers') as Peer[]).find(({ address }) => address === bob)?.traffic.bytesOut
    await until('the traffic to be counted', () => Number(seen()) > COPY_BYTES)
  })

  function ask(host: string, what: string): unknown {
    const socket = /control socket: (.*)/.exec(lab.log(host, 'ipop-node'))?.[1] ?? ''
    const command = [...app('crawler', 'ipop'), '--json', '--socket', socket, what]
    return JSON.parse(lab.run(host, command).stdout)
  }

  function status(host: string): Status['nodes'][number] {
    const [node] = (ask(host, 'status') as Status).nodes
    if (!node) throw new Error(`${host} runs no node`)
    return node
  }

  function addressOf(host: string): string {
    return String(virtualAddress(lab, host))
  }
})

function pairs() {
  return HOSTS.flatMap((from) => HOSTS.filter((to) => to !== from).map((to) => [from, to] as const))
}

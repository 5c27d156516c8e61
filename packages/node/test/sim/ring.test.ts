/** Management on simulated machines: the crawl, the trace and the DHT client over the real overlay. */
import { describe, expect, it } from '@jest/globals'
import type { CborValue } from '@ipop/codec'
import { Identity } from '@ipop/security'
import { World } from '@ipop/simulator'
import { TransportAddress, UdpEdgeListener } from '@ipop/transport'
import { crawl, summarize } from '../../src/tools.ts'
import { createNodeMethods, type NodeMethods } from '../../src/management/node-methods.ts'
import { createMember, dhtView, ringView, type Member } from '../../src/start/member.ts'

const PORT = 40_000

interface Machine {
  readonly member: Member
  readonly methods: NodeMethods
}

describe('a ring of twelve machines', () => {
  it('is crawled, traced and used from any of them', async () => {
    const world = new World({ seed: 11 })
    const machines = await ringOf(world, 12)
    const { methods } = at(machines, 5)
    const call = (method: string, params: readonly CborValue[]) => methods.dispatch(method, params)
    const isConsistent = async () => {
      const report = summarize(await world.settle(crawl(call)))
      return report.totalNodes === 12 && report.consistency === 1 ? report : undefined
    }
    let report = await isConsistent()
    for (let tries = 0; report === undefined && tries < 30; tries += 1) {
      await world.run({ forMs: 1_000 })
      report = await isConsistent()
    }
    expect(report).toMatchObject({
      totalNodes: 12,
      consistentNodes: 12,
      consistency: 1,
      relayEdges: 0,
      tcpEdges: 0,
    })
    expect(report?.connections).toBe(report?.securityAssociations)

    const far = at(machines, 0).member.overlay.address.toString()
    const rtt = await world.settle(call('localproxy', ['trace.GetRttTo', far]))
    expect(rtt).toMatchObject({ target: far })
    const route = (await world.settle(call('localproxy', ['trace.GetRouteTo', far]))) as {
      node: string
    }[]
    expect(route.at(-1)).toEqual({ node: far })

    await world.settle(call('localproxy', ['DhtClient.Put', 'key', 'value', 600]))
    const other = at(machines, 9).methods
    const found = await world.settle(other.dispatch('localproxy', ['DhtClient.Get', 'key']))
    expect(found).toMatchObject([{ value: new TextEncoder().encode('value') }])
  })
})

async function ringOf(world: World, count: number): Promise<Machine[]> {
  const machines: Machine[] = []
  const remoteTas: TransportAddress[] = []
  for (let index = 0; index < count; index += 1) {
    const host = world.addHost()
    const { runtime } = host
    const listener = await UdpEdgeListener.open(runtime, { host: '0.0.0.0', port: PORT })
    const identity = Identity.create(runtime.random.fork('identity'))
    const member = createMember(runtime, {
      identity,
      namespace: 'sim',
      listeners: [listener],
      remoteTas: [...remoteTas],
    })
    remoteTas[0] ??= TransportAddress.udp({ host: host.addresses[0] ?? '', port: PORT })
    const ring = ringView(member)
    const node = {
      kind: 'BasicNode',
      namespace: 'sim',
      ring,
      dht: dhtView(member, runtime.clock),
    } as const
    machines.push({ member, methods: createNodeMethods(node, runtime) })
    member.dht.start()
    member.overlay.start().catch(() => undefined)
  }
  return machines
}

function at(machines: readonly Machine[], index: number): Machine {
  const machine = machines[index]
  if (machine === undefined) throw new RangeError(`no machine ${index}`)
  return machine
}

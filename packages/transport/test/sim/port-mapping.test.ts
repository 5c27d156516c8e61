/** Port mapping against routers of every kind, in virtual time. */
import { gatewayClients, PortMapper } from '@ipop/transport'
import { World } from '@ipop/simulator'
import { describe, expect, it } from '@jest/globals'
import { Gateway, type GatewayOptions } from '../helpers/gateway.ts'

const MINUTE_MS = 60_000
const MAPPED = ['brunet.udp://5.6.7.2:4000', 'brunet.tcp://5.6.7.2:4000']

describe('a port mapper', () => {
  it.each(['pcp', 'nat-pmp'] as const)('maps both ports by %s', async (speaks) => {
    const { gateway, mapper } = await started({ speaks })
    expect(mapper.mapped().map(String)).toEqual(MAPPED)
    expect(gateway.mapped).toEqual(new Set(['udp 4000', 'tcp 4000']))
    const { state, protocols } = mapper.status()
    expect(state).toBe('mapped')
    expect(protocols.find(({ protocol }) => protocol === speaks)?.state).toBe('available')
  })

  it('says that a gateway speaks another version', async () => {
    const { mapper } = await started({ speaks: 'nat-pmp' })
    expect(mapper.status().protocols[0]).toEqual({
      protocol: 'pcp',
      state: 'refused',
      reason: 'unsupported version',
    })
  })

  it('removes what it mapped when it stops', async () => {
    const { world, gateway, mapper } = await started()
    await world.settle(mapper.stop())
    expect(gateway.mapped.size).toBe(0)
    const { length } = gateway.requestsAt
    await world.run({ forMs: 600 * MINUTE_MS })
    expect(gateway.requestsAt.length).toBe(length)
  })

  it('renews at half the lifetime granted', async () => {
    const { world, gateway } = await started({ lifetimeSeconds: 600 })
    const before = gateway.requestsAt.length
    await world.run({ forMs: 4.9 * MINUTE_MS })
    expect(gateway.requestsAt.length).toBe(before)
    await world.run({ forMs: 0.2 * MINUTE_MS })
    expect(gateway.requestsAt.length).toBe(before + 2)
  })

  it('is not driven to haste by a gateway that grants a second', async () => {
    const { world, gateway } = await started({ lifetimeSeconds: 1 })
    const before = gateway.requestsAt.length
    await world.run({ forMs: MINUTE_MS })
    expect(gateway.requestsAt.length - before).toBeLessThanOrEqual(4)
  })

  it.each(['10.0.0.2', '100.64.0.2', '0.0.0.0', '192.168.1.7'])(
    'does not offer a mapping at %s',
    async (external) => {
      const { mapper } = await started({ external })
      expect(mapper.mapped()).toEqual([])
      expect(mapper.status()).toMatchObject({ state: 'private', privateHost: external })
    },
  )

  it('tells why a gateway refuses', async () => {
    const { mapper } = await started({ result: 2 })
    const { state, protocols } = mapper.status()
    expect(state).toBe('none')
    expect(protocols[0]).toMatchObject({ state: 'refused', reason: 'not authorized' })
  })

  it.each(['nothing', 'nonsense'] as const)(
    'asks a gateway that says %s at growing pauses',
    async (speaks) => {
      const { world, gateway, mapper } = await started({ speaks })
      expect(mapper.status().state).toBe('none')
      expect(mapper.status().protocols.every(({ state }) => state === 'silent')).toBe(true)
      await world.run({ forMs: 1_000 * MINUTE_MS })
      const pauses = gateway.requestsAt.slice(1).map((at, i) => at - (gateway.requestsAt[i] ?? 0))
      const long = pauses.filter((pause) => pause > 30_000)
      expect(long).toEqual([...long].sort((a, b) => a - b))
      expect(Math.max(...long)).toBeGreaterThan(50 * MINUTE_MS)
      expect(gateway.requestsAt.length).toBeLessThan(200)
    },
  )

  it('finds a gateway that begins to speak', async () => {
    const { world, gateway, mapper } = await started({ speaks: 'nothing' })
    gateway.speaks = 'pcp'
    expect(await world.runUntil(() => mapper.mapped().length > 0, { limitMs: 2 * MINUTE_MS })).toBe(
      true,
    )
  })

  it('begins anew at once in another network', async () => {
    const { world, gateway, mapper } = await started()
    gateway.external = '5.6.7.9'
    mapper.networkChanged()
    expect(mapper.mapped()).toEqual([])
    await world.run({ forMs: 5_000 })
    expect(mapper.mapped().map(String)).toContain('brunet.udp://5.6.7.9:4000')
  })
})

async function started(options: GatewayOptions = {}) {
  const world = new World({ seed: 1, latencyMs: 1 })
  const gate = world.addHost({ name: 'gate', addresses: ['192.168.50.1'] })
  const { runtime } = world.addHost({ name: 'home', addresses: ['192.168.50.2'] })
  const gateway = await Gateway.open(gate, options)
  const interfaces = { ...runtime.interfaces, gateway: () => gate.address }
  const { clock, timers, log } = runtime
  const clients = gatewayClients({ ...runtime, interfaces })
  const ports = [
    { kind: 'udp', port: 4_000 },
    { kind: 'tcp', port: 4_000 },
  ] as const
  const mapper = new PortMapper({ clock, timers, log, clients }, { ports })
  mapper.start()
  await world.run({ forMs: 5_000 })
  return { world, gateway, mapper }
}

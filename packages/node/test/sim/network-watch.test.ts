/** What counts as a change of the network, and how soon it is noticed. */
import { describe, expect, it } from '@jest/globals'
import type { InterfaceAddress, Route } from '@ipop/runtime'
import { World } from '@ipop/simulator'
import { NETWORK_POLL_MS, NETWORK_SETTLE_MS } from '../../src/limits.ts'
import { NetworkWatch, type NetworkWatchOptions } from '../../src/network/network-watch.ts'

describe('a network watch', () => {
  it('tells of a new address within two looks when there are no events', async () => {
    const { world, host, causes } = watched()
    await world.run({ forMs: 20_000 })
    expect(causes).toEqual([])
    host.setAddresses(['10.99.0.1'])
    await world.run({ forMs: NETWORK_POLL_MS + 1 })
    expect(causes).toEqual(['addresses'])
  })

  it('tells at once when an event says so, and once for a burst of them', async () => {
    const { world, host, causes, events } = watched()
    await world.run({ forMs: 100 })
    host.setAddresses(['10.99.0.1'])
    for (let i = 0; i < 10; i++) events.tell()
    await world.run({ forMs: NETWORK_SETTLE_MS + 1 })
    expect(causes).toEqual(['addresses'])
  })

  it('ignores events without a difference', async () => {
    const { world, causes, events } = watched()
    for (let i = 0; i < 10; i++) {
      events.tell()
      await world.run({ forMs: 100 })
    }
    expect(causes).toEqual([])
  })

  it('ignores its own interface, its routes, and link-local addresses', async () => {
    const { world, network, causes, events } = watched()
    network.addresses.push(address('tapipop', '192.168.10.2'), address('veth1', 'fe80::1'))
    network.routes.push({ device: 'tapipop', text: '192.168.10.0/24' })
    events.tell()
    await world.run({ forMs: 10_000 })
    network.addresses.splice(0)
    network.routes.splice(0)
    await world.run({ forMs: 10_000 })
    expect(causes).toEqual([])
  })

  it('tells of another default route', async () => {
    const { world, network, causes } = watched()
    network.routes.push({ device: 'eth0', text: '00000000/00000000 0102030A' })
    await world.run({ forMs: 10_000 })
    expect(causes).toEqual(['addresses'])
  })

  it('waits for a network before it tells that the old one is gone', async () => {
    const { world, host, causes } = watched()
    host.setAddresses([])
    await world.run({ forMs: 10_000 })
    expect(causes).toEqual([])
    host.setAddresses(['10.99.0.1'])
    await world.run({ forMs: 10_000 })
    expect(causes).toEqual(['addresses'])
  })

  it('tells of a return from suspend, which the calendar shows', async () => {
    const { world, host, causes } = watched()
    await world.run({ forMs: 10_000 })
    host.setClockSkew(3_600_000)
    await world.run({ forMs: 10_000 })
    expect(causes).toEqual(['resume'])
  })

  it('tells nothing once it is closed, and closes a source of events that came late', async () => {
    const { world, host, causes, watch, events } = watched()
    watch.close()
    host.setAddresses(['10.99.0.1'])
    await world.run({ forMs: 10_000 })
    events.tell()
    await world.run({ forMs: 10_000 })
    expect(causes).toEqual([])
    expect(events.isClosed).toBe(true)
  })

  it('polls where the source of events fails', async () => {
    const failing = () => Promise.reject(new Error('no addon'))
    const { world, host, causes } = watched({ events: failing })
    host.setAddresses(['10.99.0.1'])
    await world.run({ forMs: 10_000 })
    expect(causes).toEqual(['addresses'])
  })
})

function watched(options: Partial<NetworkWatchOptions> = {}) {
  const world = new World({ seed: 1, latencyMs: 1 })
  const host = world.addHost({ name: 'laptop', addresses: ['10.0.0.1'] })
  const { runtime } = host
  const network = { addresses: [] as InterfaceAddress[], routes: [] as Route[] }
  const interfaces = {
    list: () => [...runtime.interfaces.list(), ...network.addresses],
    routes: () => network.routes,
  }
  const events = { tell: () => undefined as void, isClosed: false }
  const causes: string[] = []
  const watch = new NetworkWatch(
    { ...runtime, interfaces },
    {
      virtualDevice: 'tapipop',
      onChange: (cause) => causes.push(cause),
      events: (onEvent) => {
        events.tell = onEvent
        return Promise.resolve({ close: () => void (events.isClosed = true) })
      },
      ...options,
    },
  )
  return { world, host, network, events, causes, watch }
}

function address(device: string, host: string): InterfaceAddress {
  const family = host.includes(':') ? 6 : 4
  return { device, host, family, prefixLength: 24, isInternal: false }
}

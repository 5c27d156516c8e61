/** Virtual interfaces of a real kernel, in a network namespace of their own. */
import { describe, expect, it } from '@jest/globals'
import { obstacle, resultOf } from './scenario.ts'

const onLinux = obstacle === '' ? describe : describe.skip

interface Settings {
  address: { mtu: number; flags: string[]; addr_info: { local: string; prefixlen: number }[] }[]
  routes: { dst: string }[]
  routes6: { dst: string }[]
  mtu: number
}

onLinux('a virtual interface', () => {
  it('carries pings that JavaScript answers, IPv4 and IPv6', async () => {
    expect(await resultOf('ping')).toEqual(['3', '3'])
  })

  it('shows its addresses, routes, state and MTU to the system', async () => {
    const found = await resultOf<Settings>('settings')
    const [link] = found.address
    const addresses = link?.addr_info.map((info) => `${info.local}/${info.prefixlen}`)
    expect(addresses).toEqual(expect.arrayContaining(['10.9.0.1/24', 'fd09::1/64']))
    expect(addresses).not.toContain('10.9.1.1/30')
    expect(link?.mtu).toBe(1280)
    expect(found.mtu).toBe(1280)
    expect(link?.flags).toContain('UP')
    expect(found.routes.map((route) => route.dst).sort()).toEqual(['10.128.0.0/9', '10.9.0.0/24'])
    expect(found.routes6.map((route) => route.dst)).toEqual(
      expect.arrayContaining(['fd0a::/48', 'fd09::/64']),
    )
  })

  it('loses what is written while it is down and accepts it once up', async () => {
    expect(await resultOf('down')).toEqual({ whileDown: 0, whileUp: 1 })
  })

  it('has a monitor beside it that tells of links, addresses and routes until it is closed', async () => {
    const changes = Array.from({ length: 5 }, () => true)
    expect(await resultOf('monitor')).toEqual({ counts: changes, isSilent: true })
  })

  it('vanishes with its thread when it is closed, and can be closed twice', async () => {
    const found = await resultOf<{ leaked: number; present: boolean; write: string }>('close')
    expect(found).toEqual({ leaked: 0, present: false, write: 'TUN_CLOSED' })
  })

  it('says when somebody else deleted it', async () => {
    expect(await resultOf('gone')).toEqual({ isTold: true, empty: 0, accepted: 0 })
  })

  it('carries Ethernet frames as TAP', async () => {
    const found = await resultOf<{ received: string; arpRequests: number; isTap: boolean }>('tap')
    expect(found).toMatchObject({ received: '2', isTap: true })
    expect(found.arpRequests).toBeGreaterThan(0)
  })

  it('moves 100,000 packets each way without losing one', async () => {
    const found = await resultOf<Record<string, number>>('many')
    expect(found).toMatchObject({
      fromKernel: 100_000,
      accepted: 100_000,
      intoKernel: 100_000,
      dropped: 0,
    })
  })

  it('keeps packets for a late handler, and drops and counts what exceeds its queue', async () => {
    const found = await resultOf<{ received: number; dropped: number }>('overflow')
    // The queue holds about 3,400.
    expect(found.dropped).toBeGreaterThan(1000)
    expect(found.received).toBeGreaterThan(3000)
  })

  it('hides offloads of the kernel from JavaScript', async () => {
    const found = await resultOf<{ lengths: number[]; valid: number; received: string }>('offload')
    expect(found).toEqual({ lengths: [29, 1028, 1300], valid: 3, received: '2' })
  })

  it('uses no processor time while nothing happens', async () => {
    expect((await resultOf<{ cpuMs: number }>('idle')).cpuMs).toBeLessThan(50)
  })

  it('refuses what cannot work, with a code', async () => {
    expect(await resultOf('refusals')).toEqual({
      inUse: 'TUN_NAME_IN_USE',
      foreign: 'TUN_NAME_IN_USE',
      address: 'TUN_ARGUMENT_INVALID',
      prefix: 'TUN_ARGUMENT_INVALID',
      mtu: 'TUN_ARGUMENT_INVALID',
      route: 'TUN_SYSTEM',
      badAddressRemovesDevice: 'TUN_ARGUMENT_INVALID',
      t1Present: false,
      unprivileged: 'TUN_NOT_PERMITTED',
    })
  })
})

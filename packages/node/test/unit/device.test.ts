/** IPv6 on the virtual interface: given, refused, or not tried. */
import { describe, expect, it } from '@jest/globals'
import type { IpMapper } from '@ipop/ip-mapping'
import type { Log, LogLevel } from '@ipop/runtime'
import type { VirtualDevice } from 'napi-rs-tun'
import { addIpv6 } from '../../src/start/device.ts'

describe('addIpv6', () => {
  it('gives the interface the address, and then lets packets through', () => {
    const { calls, add } = bench({})
    add()
    expect(calls).toEqual(['up', 'address fd00::1/32', 'use', 'info virtual IPv6 address'])
  })

  it('warns once and goes on without IPv6 where the host refuses the address', () => {
    const { calls, add } = bench({ isRefused: true })
    add()
    expect(calls).toEqual([
      'up',
      'warn no IPv6 in the virtual network: the host refuses the address',
    ])
  })

  it('leaves TAP interfaces alone', () => {
    const { calls, add } = bench({ isTap: true })
    add()
    expect(calls).toEqual([])
  })
})

function bench({ isTap = false, isRefused = false }) {
  const calls: string[] = []
  const mapper = { ipv6Cidr: 'fd00::1/32', useIpv6: () => void calls.push('use') } as IpMapper
  const device = {
    isTap,
    setUp: () => void calls.push('up'),
    setAddress: (cidr: string) => {
      if (isRefused) throw new Error('permission denied')
      calls.push(`address ${cidr}`)
    },
  } as Partial<VirtualDevice> as VirtualDevice
  const log: Log = {
    isEnabled: () => true,
    write: (level: LogLevel, event: string) => void calls.push(`${level} ${event}`),
    child: () => log,
  }
  return { calls, add: () => addIpv6(mapper, device, log) }
}

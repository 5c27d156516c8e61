/** The virtual interface: opens it, and gives it the addresses that the virtual network assigns. */
import type { IpopConfig } from '@ipop/config'
import type { IpMapper } from '@ipop/ip-mapping'
import type { Log } from '@ipop/runtime'
import type { VirtualDevice } from 'napi-rs-tun'
import { messageOf, NodeError } from '../errors.ts'

/** Opens the interface of a configuration; `offload` suits a data plane. Throws NODE_DEVICE_UNAVAILABLE with what to do. */
export async function openDevice(
  { virtualNetworkDevice: { name, kind } }: IpopConfig,
  { offload, threads }: { readonly offload: boolean; readonly threads: number | undefined },
): Promise<VirtualDevice> {
  const tun = await import('napi-rs-tun').catch((error: unknown) => {
    throw unavailable(`the package napi-rs-tun cannot be loaded: ${messageOf(error)}`)
  })
  const support = tun.isSupported()
  if (!support.ok) throw unavailable(support.reason)
  try {
    return tun.openDevice({ name, kind, offload: offload && kind === 'tun', threads })
  } catch (error) {
    throw unavailable(messageOf(error))
  }
}

function unavailable(reason: string): NodeError {
  return new NodeError({
    code: 'NODE_DEVICE_UNAVAILABLE',
    message: `no virtual interface: ${reason}`,
  })
}

/**
 * Gives the interface the node's IPv6 address and lets the mapper carry IPv6. A host without IPv6 refuses the address:
 * its node goes on with IPv4 alone.
 */
export function addIpv6(mapper: IpMapper, device: VirtualDevice, log: Log): void {
  // Neighbours on an Ethernet are asked for by ICMPv6, which nobody answers here.
  if (device.isTap) return
  try {
    device.setUp(true)
    device.setAddress(mapper.ipv6Cidr)
  } catch (error) {
    return log.write('warn', 'no IPv6 in the virtual network: the host refuses the address', {
      address: mapper.ipv6Cidr,
      error: messageOf(error),
    })
  }
  mapper.useIpv6()
  log.write('info', 'virtual IPv6 address', { address: mapper.ipv6Cidr })
}

/** Keeps the addresses of the interface equal to those that the mapper holds. */
export function followAddresses(
  mapper: IpMapper,
  device: VirtualDevice,
  { isStatic, log }: { readonly isStatic: boolean; readonly log: Log },
): void {
  const held = new Map<string, string>()
  const change = (what: string, apply: () => void) => {
    try {
      apply()
    } catch (error) {
      log.write('error', 'virtual interface could not be changed', {
        what,
        error: messageOf(error),
      })
    }
  }
  // On a TAP device the host's own DHCP client sets a leased address; the interface only has to be up.
  const isHostsOwn = device.isTap && !isStatic
  if (device.isTap) change('up', () => device.setUp(true))
  mapper.onAddress((ip, prefixLength) => {
    const cidr = `${ip}/${prefixLength}`
    held.set(ip, cidr)
    if (isHostsOwn) return
    change(cidr, () => {
      device.setAddress(cidr)
      device.setUp(true)
    })
  })
  mapper.onAddressLost((ip) => {
    const cidr = held.get(ip)
    held.delete(ip)
    if (cidr !== undefined && !isHostsOwn) change(cidr, () => device.removeAddress(cidr))
  })
}

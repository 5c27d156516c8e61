/** Where nodes of one local network meet: groups, interfaces, and the name of a namespace that strangers cannot read. */
import { createHash } from 'node:crypto'
import type { Endpoint, InterfaceAddress } from '@ipop/runtime'
import { isLinkLocalIpv6, isLoopback } from '../address/ip-text.ts'
import { LAN_LINKS_MAX } from '../limits.ts'
import { LAN_TAG_BYTES } from '../wire/lan-discovery.ts'

const PORT = 18_768

/** Groups by family: local scope (RFC 2365 section 6.1), and link-local scope, not assigned by IANA (RFC 4291 section 2.7). */
export const LAN_GROUPS: Readonly<Record<4 | 6, Endpoint>> = {
  4: { host: '239.255.73.80', port: PORT },
  6: { host: 'ff12::4950:4f50', port: PORT },
}

/** Returns what stands for a namespace in messages that everybody on the network can read. */
export function lanTag(namespace: string): Uint8Array {
  const hash = createHash('sha256').update('ipop-lan-v1').update(namespace).digest()
  return new Uint8Array(hash.subarray(0, LAN_TAG_BYTES))
}

/**
 * Returns one address of each family on each interface: where questions are sent from. Transport addresses have no
 * scope, so that an IPv6 address of the link alone cannot be dialled.
 */
export function lanLinks(addresses: readonly InterfaceAddress[]): InterfaceAddress[] {
  const links = new Map<string, InterfaceAddress>()
  for (const each of addresses) {
    const { device, family, host, isInternal } = each
    const key = `${device} ${family}`
    if (isInternal || isLoopback(host) || isLinkLocalIpv6(host) || links.has(key)) continue
    links.set(key, each)
  }
  return [...links.values()].slice(0, LAN_LINKS_MAX)
}

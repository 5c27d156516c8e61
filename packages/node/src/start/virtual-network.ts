/** The virtual network of a node: device, address, routing of IP packets. */
import { readFileSync } from 'node:fs'
import {
  ConfigErrors,
  parseDhcpConfig,
  replaceFile,
  type DhcpConfig,
  type IpopConfig,
} from '@ipop/config'
import { Malformed } from '@ipop/codec'
import {
  formatIpv4,
  IpMapper,
  parseIpv4,
  type DhcpConfigFields,
  type ForwardingTable,
  type IpCarrier,
  type IpMapperOptions,
  type LeaseStore,
} from '@ipop/ip-mapping'
import { findNode } from '@ipop/overlay'
import type { Runtime } from '@ipop/runtime'
import { DATA_OVERHEAD_BYTES } from '@ipop/security'
import type { VirtualDevice } from 'napi-rs-tun'
import { messageOf, NodeError } from '../errors.ts'
import { dnsForwarder } from './dns-forwarder.ts'
import type { Member } from './member.ts'

/** The network settings a node was given in a file. */
export interface GivenSettings {
  readonly config: DhcpConfig
  /** The file's text, which is published for nodes without one. */
  readonly text: string
}

/** What decides the virtual network of a node. */
export interface VirtualNetworkConfig {
  readonly ipopConfig: IpopConfig
  readonly dhcpConfig?: GivenSettings | undefined
  /** Where the last address is remembered. */
  readonly leaseFile: string
}

/** Checks what two files say about the same network. Throws NODE_CONFIG_CONFLICT. */
export function checkVirtualNetwork({ ipopConfig, dhcpConfig }: VirtualNetworkConfig): void {
  const named = dhcpConfig?.config.namespace
  if (named === undefined || named === ipopConfig.ipopNamespace) return
  throw new NodeError({
    code: 'NODE_CONFIG_CONFLICT',
    message: `${ipopConfig.file}: <IpopNamespace> is '${ipopConfig.ipopNamespace}', but the DHCP configuration is for '${named}'; they must be the same`,
  })
}

/** Where the packets of a node come from and go to. */
export interface PacketPorts {
  readonly device: VirtualDevice
  /** Rows of the data plane, where there is one. */
  readonly forwarding: ForwardingTable | undefined
}

/** Makes the mapper of a node; it does nothing until it is started. */
export function createMapper(
  runtime: Runtime,
  { overlay, dht }: Member,
  { device, forwarding }: PacketPorts,
  config: VirtualNetworkConfig,
): IpMapper {
  const { clock, timers, random, log } = runtime
  const mapper = new IpMapper(
    {
      clock,
      timers,
      random: random.fork('ip mapping'),
      log,
      dht,
      carrier: carrierOf(overlay),
      device,
      forwarding,
      parseSettings,
      store: leaseStore(config.leaseFile),
      forwardDnsQuery: dnsForwarder(runtime, config.ipopConfig.dns),
    },
    mapperOptions(config),
  )
  // No tunnel in the tunnel: addresses inside the virtual network are no way to reach a node.
  overlay.channels.isAddressAllowed = (host) => !mapper.isVirtualAddress(host)
  return mapper
}

/** Returns the overlay node as the mapper sees it. */
function carrierOf(overlay: Member['overlay']): IpCarrier {
  return {
    address: overlay.address,
    sendIp: (peer, packet) => overlay.sendIp(peer, packet),
    packetBytesMax: (peer) => {
      const datagramBytesMax = overlay.channelTo(peer)?.datagramBytesMax
      return datagramBytesMax && datagramBytesMax - DATA_OVERHEAD_BYTES
    },
    connectOnDemand: (peer) => overlay.connectOnDemand(peer),
    onIpPacket: (handler) => overlay.onIpPacket(handler),
    findNode: (position, isWanted) => findNode(overlay, position, isWanted),
    onChannelUp: (listener) => overlay.onPeerUp(listener),
    onPeerDown: (listener) => overlay.onPeerDown(listener),
    onPeerUnreachable: (listener) => overlay.onPeerUnreachable(listener),
    onNeighborsChanged: (listener) => overlay.onNeighborsChanged(listener),
  }
}

function mapperOptions({ ipopConfig, dhcpConfig }: VirtualNetworkConfig): IpMapperOptions {
  const { addressData, dns, enableMulticast, dhcpPort, ipopNamespace } = ipopConfig
  const fields = dhcpConfig?.config ?? staticSettings(ipopConfig)
  return {
    namespace: ipopNamespace,
    ...(fields === undefined
      ? {}
      : { settings: { fields, text: dhcpConfig?.text ?? settingsText(fields) } }),
    staticAddress: addressData.ipAddress,
    hostname: addressData.hostname,
    isMulticastEnabled: enableMulticast,
    dns: dns.type,
    dhcpPort,
  }
}

/** A static address with its mask says all there is to know about the network. */
function staticSettings({
  addressData: { ipAddress, netmask },
  ipopNamespace,
}: IpopConfig): DhcpConfigFields | undefined {
  if (ipAddress === undefined || netmask === undefined) return undefined
  const ip = parseIpv4(ipAddress)
  const mask = parseIpv4(netmask)
  if (ip instanceof Malformed || mask instanceof Malformed) return undefined
  return { namespace: ipopNamespace, ipBase: formatIpv4((ip & mask) >>> 0), netmask }
}

function settingsText({ namespace, ipBase, netmask }: DhcpConfigFields): string {
  const name = namespace.replace(/&/g, '&amp;').replace(/</g, '&lt;')
  return `<DHCPConfig><Namespace>${name}</Namespace><IPBase>${ipBase}</IPBase><Netmask>${netmask}</Netmask></DHCPConfig>`
}

/** Settings from the DHT pass the same checks as a file. */
function parseSettings(text: string): DhcpConfigFields | Malformed {
  try {
    return parseDhcpConfig(text, 'DHT')
  } catch (error) {
    if (error instanceof ConfigErrors) return new Malformed(messageOf(error))
    throw error
  }
}

/** Remembers the last address in a small file; losing it costs nothing but another address. */
function leaseStore(file: string): LeaseStore {
  return {
    load: () => {
      try {
        const ip = parseIpv4(readFileSync(file, 'utf8').slice(0, 64).trim())
        return ip instanceof Malformed ? undefined : ip
      } catch {
        return undefined
      }
    },
    save: (ip) => {
      try {
        replaceFile(file, new TextEncoder().encode(`${formatIpv4(ip)}\n`), { mode: 0o644 })
      } catch {
        // A folder that cannot be written to only means a fresh address next time.
      }
    },
  }
}

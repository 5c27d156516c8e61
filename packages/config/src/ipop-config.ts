/** IpopConfig: the virtual network that a node takes part in. */
import { readBytes } from './files/read.ts'
import { resolve } from 'node:path'
import type { ConfigError } from './errors.ts'
import {
  BOOLEAN,
  DEVICE_NAME,
  HOST_LABEL,
  IPV4,
  NAME,
  NETMASK,
  PORT_OR_ANY,
  TEXT,
} from './schema/kinds.ts'
import { openRoot } from './schema/root.ts'
import type { Section } from './schema/section.ts'
import { shorten } from './xml/document.ts'

/** The virtual interface. */
export interface VirtualDeviceConfig {
  /** Interface name. */
  readonly name: string
  /** Layer 3 or layer 2. */
  readonly kind: 'tun' | 'tap'
}

/** What is known about this machine's place in the virtual network. */
export interface AddressDataConfig {
  /** Name to register in the DNS of the virtual network. */
  readonly hostname?: string | undefined
  /** Static address; absent = take a lease. */
  readonly ipAddress?: string | undefined
  /** Mask of the static address; absent = that of the network. */
  readonly netmask?: string | undefined
}

/** Name service of the virtual network. */
export interface DnsConfig {
  /** Names computed from addresses, or names registered in the DHT. */
  readonly type: 'StaticDns' | 'DhtDns'
  /** Whether other names are asked elsewhere. */
  readonly forwardQueries: boolean
  /** Server that other names are asked of. */
  readonly nameServer?: string | undefined
}

/** The group service that signs certificates. */
export interface GroupVpnConfig {
  /** Whether it is used. */
  readonly enabled: boolean
  /** URI of the service. */
  readonly serverUri?: string | undefined
  /** Group to join. */
  readonly group?: string | undefined
  /** Member's name. */
  readonly userName?: string | undefined
  /** Member's shared secret; never logged. */
  readonly secret?: string | undefined
}

/** A checked IpopConfig. */
export interface IpopConfig {
  /** Absolute path of the file. */
  readonly file: string
  /** Name of the virtual network. */
  readonly ipopNamespace: string
  /** The virtual interface. */
  readonly virtualNetworkDevice: VirtualDeviceConfig
  /** This machine's place in the network. */
  readonly addressData: AddressDataConfig
  /** Whether multicast and broadcast are fanned out. */
  readonly enableMulticast: boolean
  /** Port of the DHCP server that answers on a TAP device. */
  readonly dhcpPort: number
  /** Whether addresses that hosts give themselves are claimed for them. */
  readonly allowStaticAddresses: boolean
  /** Name service. */
  readonly dns: DnsConfig
  /** Group service, when the file has the section. */
  readonly groupVpn?: GroupVpnConfig | undefined
  /** What the operator should know, though it does not stop the start. */
  readonly warnings: readonly ConfigError[]
}

/** The port of every DHCP server. */
const DHCP_PORT = 67
/** Server that forwarded names go to when the file names none. */
const NAME_SERVER = '8.8.8.8'

/** Reads and checks an IpopConfig file. Throws ConfigErrors with everything that is wrong in it. */
export function readIpopConfig(file: string): IpopConfig {
  return parseIpopConfig(readBytes(file), file)
}

/** Checks the text of an IpopConfig; `file` names it in messages. */
export function parseIpopConfig(bytes: Uint8Array | string, file: string): IpopConfig {
  const root = openRoot(bytes, file, 'IpopConfig')
  const config = {
    file: resolve(file),
    ipopNamespace: root.required('IpopNamespace', NAME) ?? '',
    virtualNetworkDevice: readDevice(root),
    addressData: readAddressData(root),
    enableMulticast: root.optional('EnableMulticast', BOOLEAN) ?? false,
    dhcpPort: root.optional('DHCPPort', PORT_OR_ANY) || DHCP_PORT,
    allowStaticAddresses: root.optional('AllowStaticAddresses', BOOLEAN) ?? false,
    dns: readDns(root),
    groupVpn: readGroupVpn(root),
  }
  // Traffic is always encrypted end to end here; the element is accepted and cannot switch it off.
  root.optional('EndToEndSecurity', BOOLEAN)
  root.finish()
  root.report.throwIfBroken()
  return { ...config, warnings: root.report.warnings }
}

function readDevice(root: Section): VirtualDeviceConfig {
  const name = root.required('VirtualNetworkDevice', DEVICE_NAME) ?? ''
  const section = root.section('VirtualNetworkDevice')
  const kind = section.attribute('type') ?? 'tun'
  section.finish()
  if (kind === 'tun' || kind === 'tap') return { name, kind }
  section.error(
    `type '${shorten(kind)}' is not a kind of device`,
    'type="tun" (layer 3) or type="tap" (layer 2)',
  )
  return { name, kind: 'tun' }
}

function readAddressData(root: Section): AddressDataConfig {
  const section = root.section('AddressData')
  const hostname = section.optional('Hostname', HOST_LABEL)
  const ipAddress = section.optional('IPAddress', IPV4)
  const netmask = section.optional('Netmask', NETMASK)
  section.optional('EthernetAddress', TEXT)
  if (netmask !== undefined && section.child('IPAddress') === undefined) {
    section.warn('has no effect without an IPAddress', 'Netmask')
  }
  section.finish()
  return { hostname, ipAddress, netmask }
}

function readDns(root: Section): DnsConfig {
  const section = root.section('Dns')
  const named = section.optional('Type', TEXT)
  if (named !== undefined && named !== 'StaticDns' && named !== 'DhtDns') {
    section.warn(`'${shorten(named)}' is neither StaticDns nor DhtDns; StaticDns is used`, 'Type')
  }
  const forwardQueries = section.optional('ForwardQueries', BOOLEAN) ?? false
  const nameServer = section.optional('NameServer', IPV4)
  section.finish()
  return {
    type: named === 'DhtDns' ? 'DhtDns' : 'StaticDns',
    forwardQueries,
    nameServer: nameServer ?? (forwardQueries ? NAME_SERVER : undefined),
  }
}

function readGroupVpn(root: Section): GroupVpnConfig | undefined {
  const section = root.section('GroupVPN')
  if (!section.isPresent) return undefined
  const config = {
    enabled: section.required('Enabled', BOOLEAN) ?? false,
    serverUri: section.optional('ServerURI', TEXT),
    group: section.optional('Group', TEXT),
    userName: section.optional('UserName', TEXT),
    secret: section.optional('Secret', TEXT),
  }
  if (config.enabled)
    section.warn(
      'the certificate service of a group is not available here; this section has no effect',
    )
  section.finish()
  return config
}

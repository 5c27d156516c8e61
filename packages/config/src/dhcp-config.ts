/** DHCPConfig: the addresses of a virtual network, from a file or from the DHT. */
import { readBytes } from './files/read.ts'
import type { ConfigError } from './errors.ts'
import { LEASE_TIME_SECONDS_MAX, LEASE_TIME_SECONDS_MIN, RESERVED_RANGES_MAX } from './limits.ts'
import { integer, IPV4, ipv4ToNumber, NAME, NETMASK } from './schema/kinds.ts'
import { openRoot } from './schema/root.ts'
import type { Section } from './schema/section.ts'

/** A range of addresses that is never handed out. */
export interface ReservedRange {
  /** First address of the range. */
  readonly ipBase: string
  /** Mask of the range. */
  readonly mask: string
}

/** A checked DHCPConfig. */
export interface DhcpConfig {
  /** Name of the virtual network. */
  readonly namespace: string
  /** Network address. */
  readonly ipBase: string
  /** Network mask. */
  readonly netmask: string
  /** How long a lease holds without renewal. */
  readonly leaseTimeSeconds: number
  /** Ranges that are never handed out. */
  readonly reservedIps: readonly ReservedRange[]
  /** What the operator should know, though it does not stop the start. */
  readonly warnings: readonly ConfigError[]
}

/** The value in the original's sample. */
const LEASE_TIME_SECONDS = 3_600

/** Reads and checks a DHCPConfig file. Throws ConfigErrors with everything that is wrong in it. */
export function readDhcpConfig(file: string): DhcpConfig {
  return parseDhcpConfig(readBytes(file), file)
}

/** Checks the text of a DHCPConfig, e.g. one that came from the DHT; `sourceName` names it in messages. */
export function parseDhcpConfig(text: Uint8Array | string, sourceName: string): DhcpConfig {
  const root = openRoot(text, sourceName, 'DHCPConfig')
  const config = {
    namespace: root.required('Namespace', NAME) ?? '',
    ipBase: root.required('IPBase', IPV4) ?? '',
    netmask: root.required('Netmask', NETMASK) ?? '',
    leaseTimeSeconds:
      root.optional('LeaseTime', integer(LEASE_TIME_SECONDS_MIN, LEASE_TIME_SECONDS_MAX)) ??
      LEASE_TIME_SECONDS,
    reservedIps: readReserved(root),
  }
  checkNetwork(root, config.ipBase, config.netmask)
  root.finish()
  root.report.throwIfBroken()
  return { ...config, warnings: root.report.warnings }
}

function readReserved(root: Section): ReservedRange[] {
  const section = root.section('ReservedIPs')
  const ranges = section.list('ReservedIP', RESERVED_RANGES_MAX, (item) => {
    const ipBase = item.required('IPBase', IPV4)
    const mask = item.required('Mask', NETMASK)
    item.finish()
    return ipBase === undefined || mask === undefined ? undefined : { ipBase, mask }
  })
  section.finish()
  return ranges
}

function checkNetwork(root: Section, ipBase: string, netmask: string): void {
  const base = ipv4ToNumber(ipBase)
  const mask = ipv4ToNumber(netmask)
  if (base === undefined || mask === undefined) return
  const hosts = ~mask >>> 0
  if (hosts < 3) {
    root
      .section('Netmask')
      .error(`'${netmask}' leaves no room for hosts`, 'a mask such as 255.255.0.0')
  } else if ((base & hosts) !== 0) {
    const network = [24, 16, 8, 0].map((shift) => ((base & mask) >>> shift) & 255).join('.')
    root
      .section('IPBase')
      .error(`'${ipBase}' is not the first address of its network`, `'${network}'`)
  }
}

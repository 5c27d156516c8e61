/** Lays out replies of the control socket for people. */

/** Status of one node, as far as it is printed. */
export interface NodeStatusReply {
  readonly address: string
  readonly type: string
  readonly namespace: string
  readonly state: string
  readonly neighbors: Readonly<Record<string, string>>
  readonly cons: number
  readonly udp: number
  readonly tcp: number
  readonly tunnel: number
  readonly subring: number
  readonly transportAddresses: readonly string[]
  readonly dhtEntries: number
  readonly IpopNamespace?: string
  readonly VirtualIPs?: readonly string[]
  readonly virtualIpv6?: string
  readonly dataPlane?: {
    readonly name: string
    readonly reason?: string
    readonly features?: Readonly<Record<string, boolean>>
  }
}

/** Reply to `status`. */
export interface StatusReply {
  readonly pid: number
  readonly uptimeSeconds: number
  readonly nodes: readonly NodeStatusReply[]
}

/** One reply line of `peers`. */
export interface PeerReply {
  readonly address: string
  readonly roles: readonly string[]
  readonly edgeKinds: readonly string[]
  readonly remote?: string
  /** The node that forwards, where one does. */
  readonly relay?: string
  readonly rttMs?: number
  /** How long the path has been the active one. */
  readonly activeForMs?: number
  readonly traffic?: {
    readonly packetsIn: number
    readonly packetsOut: number
    readonly bytesIn: number
    readonly bytesOut: number
  }
  readonly refusals?: { readonly replays: number; readonly authFailures: number } & Readonly<
    Record<string, number>
  >
}

/** Reply to `ping`. */
export interface PingReply {
  readonly address: string
  readonly ms: number
  readonly hops: number
  /** Kind of the session's path; absent without a session. */
  readonly path?: string
  readonly remote?: string
  /** The node that forwards, where one does. */
  readonly relay?: string
}

/** Reply to `netcheck`. */
export interface NetCheckReply {
  readonly mapping: string
  readonly outside?: string
  readonly endpoints: readonly string[]
  readonly heardOver: readonly string[]
  readonly paths: Readonly<Record<string, number>>
  readonly filtering?: { readonly ipv4: string; readonly ipv6: string }
  readonly bootstraps?: readonly {
    readonly address: string
    readonly endpoint?: string
    readonly rttMs?: number
  }[]
  readonly portMapping?: {
    readonly state: string
    readonly protocols: readonly {
      readonly protocol: string
      readonly state: string
      readonly reason?: string
    }[]
    readonly mapped: readonly string[]
  }
  readonly advice: readonly string[]
}

/** Returns the lines of `status`. */
export function statusLines({ pid, uptimeSeconds, nodes }: StatusReply): string[] {
  const head = `process ${pid}, up ${duration(uptimeSeconds)}${nodes.length > 1 ? `, ${nodes.length} nodes` : ''}`
  return [head, ...nodes.flatMap(nodeLines)]
}

function nodeLines(node: NodeStatusReply): string[] {
  const { left, right } = node.neighbors
  const lines = [
    '',
    `${node.address}  ${node.type}, ${node.state}`,
    `  namespace    ${node.namespace}`,
    ...node.transportAddresses.map((address) => `  reachable    ${address}`),
    `  left         ${left ?? 'nobody'}`,
    `  right        ${right ?? 'nobody'}`,
    `  connections  ${node.cons} (udp ${node.udp}, tcp ${node.tcp}, relay ${node.tunnel}, ring ${node.subring})`,
    `  DHT entries  ${node.dhtEntries}`,
  ]
  if (node.IpopNamespace === undefined) return lines
  const ips = node.VirtualIPs ?? []
  return [
    ...lines,
    `  network      ${node.IpopNamespace}`,
    `  virtual IP   ${ips.length === 0 ? 'none yet' : ips.join(', ')}`,
    ...(node.virtualIpv6 === undefined ? [] : [`  virtual IPv6 ${node.virtualIpv6}`]),
    ...dataPlaneLines(node.dataPlane),
  ]
}

function dataPlaneLines(dataPlane: NodeStatusReply['dataPlane']): string[] {
  if (dataPlane === undefined) return []
  const { name, reason, features = {} } = dataPlane
  const lines = [`  data plane   ${name}${reason === undefined ? '' : ` (slow): ${reason}`}`]
  const words = Object.entries(features).map(([feature, isUsed]) =>
    isUsed ? feature : `no ${feature}`,
  )
  return words.length === 0 ? lines : [...lines, `  offloads     ${words.join(', ')}`]
}

const MAPPINGS: Readonly<Record<string, string>> = {
  unknown: 'not known yet: two destinations have to answer',
  independent: 'one port for all destinations',
  sequential: 'a new port for every destination, one after the other',
  random: 'a new random port for every destination',
}

const FILTERS: Readonly<Record<string, string>> = {
  unknown: 'not known: no peer could test it',
  independent: 'everybody is let in',
  'address or less': 'whoever was written to is let in from any port, perhaps others, too',
  address: 'whoever was written to is let in, from any port',
  port: 'only the very ports that were written to are let in',
}

/** Returns the lines of `netcheck`. */
export function netcheckLines(reply: NetCheckReply): string[] {
  const paths = Object.entries(reply.paths).map(([kind, count]) => `${kind} ${count}`)
  return [
    `mapping    ${MAPPINGS[reply.mapping] ?? reply.mapping}`,
    ...filteringLines(reply.filtering),
    `seen at    ${reply.outside ?? 'its own address'}`,
    ...reply.endpoints.map((endpoint) => `offered    ${endpoint}`),
    `answers    ${reply.heardOver.length === 0 ? 'none' : reply.heardOver.join(', ')}`,
    `paths      ${paths.length === 0 ? 'none' : paths.join(', ')}`,
    ...mappingLines(reply.portMapping),
    ...bootstrapLines(reply.bootstraps ?? []),
    ...reply.advice.map((sentence) => `advice     ${sentence}`),
  ]
}

function filteringLines(filtering: NetCheckReply['filtering']): string[] {
  if (filtering === undefined) return []
  return [
    `filter v4  ${FILTERS[filtering.ipv4] ?? filtering.ipv4}`,
    `filter v6  ${FILTERS[filtering.ipv6] ?? filtering.ipv6}`,
  ]
}

function bootstrapLines(bootstraps: NonNullable<NetCheckReply['bootstraps']>): string[] {
  return bootstraps.map(({ address, endpoint, rttMs }) => {
    const answer = rttMs === undefined ? 'no answer' : `${rttMs.toFixed(1)} ms`
    const where = endpoint === undefined ? `${address} (name not resolved)` : endpoint
    return `bootstrap  ${where} ${answer}`
  })
}

function mappingLines(portMapping: NetCheckReply['portMapping']): string[] {
  if (portMapping === undefined) return ['gateway    port mapping is turned off']
  const { state, protocols, mapped } = portMapping
  const said = protocols.map(
    (each) =>
      `${each.protocol} ${each.state}${each.reason === undefined ? '' : ` (${each.reason})`}`,
  )
  const answers =
    said.length === 0 ? (state === 'searching' ? 'searching' : 'none') : said.join(', ')
  return [`gateway    ${answers}`, ...mapped.map((address) => `mapped     ${address}`)]
}

/** Returns the line of one reply to `ping`; says so when its way is another than that of the reply `before`. */
export function pingLine(reply: PingReply, sequence: number, before?: PingReply): string {
  const { address, ms, hops } = reply
  const way = wayOf(reply)
  const change = before === undefined || wayOf(before) === way ? '' : ` (was ${wayOf(before)})`
  return `${address}: seq=${sequence} hops=${hops} time=${ms.toFixed(1)} ms via ${way}${change}`
}

function wayOf({ path = 'ring', remote, relay }: PingReply): string {
  const where = remote ?? relay
  return where === undefined ? path : `${path} ${where}`
}

/** Names what else did not go through, where anything did not. */
function otherTroubles(refusals: PeerReply['refusals']): string {
  const { replays: _, authFailures: __, ...others } = refusals ?? {}
  const found = Object.entries(others).filter(([, count]) => count > 0)
  return found.map(([reason, count]) => `${reason} ${count}`).join(', ') || '-'
}

/** Returns the lines of `peers`. */
export function peerLines(peers: readonly PeerReply[]): string[] {
  const rows = peers.map(
    ({ address, roles, edgeKinds, remote, relay, rttMs, activeForMs, traffic, refusals }) => [
      address,
      roles.join(','),
      edgeKinds[0] ?? '-',
      remote ?? relay ?? '-',
      rttMs === undefined ? '-' : `${rttMs.toFixed(1)} ms`,
      activeForMs === undefined ? '-' : duration(Math.round(activeForMs / 1_000)),
      traffic === undefined ? '-' : volume(traffic.packetsIn, traffic.bytesIn),
      traffic === undefined ? '-' : volume(traffic.packetsOut, traffic.bytesOut),
      refusals === undefined ? '-' : String(refusals.replays),
      refusals === undefined ? '-' : String(refusals.authFailures),
      otherTroubles(refusals),
    ],
  )
  const head = [
    'address',
    'roles',
    'path',
    'remote',
    'rtt',
    'since',
    'received',
    'sent',
    'replays',
    'forged',
    'other losses',
  ]
  return table([head, ...rows])
}

/** Returns packets and bytes, e.g. `12 (3.4 kB)`. */
function volume(packets: number, bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const exponent = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const scaled = bytes / 1_000 ** exponent
  return `${packets} (${exponent === 0 ? scaled : scaled.toFixed(1)} ${units[exponent] ?? ''})`
}

/** Returns the lines of a table with columns lined up. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** Returns a duration, e.g. `3 min 4 s`. */
export function duration(seconds: number): string {
  const hours = Math.floor(seconds / 3_600)
  const minutes = Math.floor((seconds % 3_600) / 60)
  const rest = seconds % 60
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`
}

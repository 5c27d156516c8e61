/** How a node reaches others and is reached, with advice: what `ipop netcheck` shows. */
import type {
  BootstrapView,
  ConnectionView,
  PortMappingView,
  ReachCheckView,
  ReachView,
  RingNode,
} from '../../services.ts'

/** What is found out about a node's network. */
export interface NetCheck extends ReachView, Partial<ReachCheckView> {
  /** Sessions by the kind of their path. */
  readonly paths: Readonly<Record<string, number>>
  /** What gateways do for the node's ports; absent where that is turned off. */
  readonly portMapping?: PortMappingView
  /** What the operator may do about it, one sentence each. */
  readonly advice: readonly string[]
}

/** Returns how a node reaches others and is reached. */
export function netcheckOf(
  ring: RingNode,
  portMapping?: PortMappingView,
  check?: ReachCheckView,
): NetCheck {
  const reach = ring.reach()
  const paths: Record<string, number> = {}
  for (const { edgeKinds } of ring.connections()) {
    const kind = edgeKinds[0] ?? 'none'
    paths[kind] = (paths[kind] ?? 0) + 1
  }
  const advice = [
    ...adviceFor(reach, ring.connections(), portMapping?.state === 'mapped'),
    ...(isBehindNat(reach) ? mappingAdvice(portMapping) : []),
    ...filteringAdvice(reach, check),
    ...bootstrapAdvice(check?.bootstraps ?? []),
  ]
  return {
    ...reach,
    ...check,
    paths,
    ...(portMapping === undefined ? {} : { portMapping }),
    advice,
  }
}

function adviceFor(
  { mapping, heardOver, outside }: ReachView,
  connections: readonly ConnectionView[],
  isMapped: boolean,
): string[] {
  const advice: string[] = []
  if (connections.length === 0)
    return ['Nobody answers: check the RemoteTAs and whether the firewall lets UDP or TCP out.']
  const isUdpSilent = !heardOver.includes('udp')
  if (isUdpSilent)
    advice.push('No UDP comes back: allow it outwards for direct paths; TCP and relays are used.')
  if (mapping === 'random' && !isMapped)
    advice.push(
      'The NAT gives every destination a random port: forward a UDP port to this machine, or expect relays to some peers.',
    )
  if (mapping === 'sequential' && !isMapped)
    advice.push('The NAT gives ports in a row: direct paths work with most peers, not all.')
  if (!isUdpSilent && outside === undefined && mapping === 'independent')
    advice.push('No NAT on the way: others can reach this node directly.')
  return advice
}

/** Filters tell something new where the mapping alone would be harmless. */
function filteringAdvice(reach: ReachView, check: ReachCheckView | undefined): string[] {
  const { ipv4, ipv6 } = check?.filtering ?? { ipv4: 'unknown', ipv6: 'unknown' }
  const advice: string[] = []
  if (ipv4 === 'independent' && reach.mapping === 'independent' && isBehindNat(reach))
    advice.push('The NAT lets everybody in: direct paths work with all peers that have IPv4.')
  if (ipv4 === 'port' && reach.mapping === 'independent' && !isBehindNat(reach))
    advice.push(
      'A firewall in front of this node lets in only what it wrote to before: open its UDP port for peers behind difficult NATs.',
    )
  if (ipv6 === 'port' || ipv6 === 'address')
    advice.push('A firewall filters IPv6: paths open when both ends send, which they do.')
  return advice
}

function bootstrapAdvice(bootstraps: readonly BootstrapView[]): string[] {
  const answers = bootstraps.filter(({ node }) => node !== undefined)
  if (bootstraps.length === 0) return []
  if (answers.length === 0)
    return ['No configured bootstrap answers: a restart would depend on the peers remembered.']
  const advice: string[] = []
  const silent = [4, 6].filter(
    (family) =>
      bootstraps.some((each) => each.family === family) &&
      answers.every((each) => each.family !== family),
  )
  for (const family of silent)
    advice.push(`No bootstrap answers over IPv${family}: this node has none, or it is blocked.`)
  const isUdpSilent = answers.every(({ kind }) => kind !== 'udp')
  const isExplained = ({ family, kind }: BootstrapView) =>
    (family !== undefined && silent.includes(family)) || (isUdpSilent && kind === 'udp')
  const answered = new Set(answers.map(({ address }) => address))
  const others = bootstraps.filter((each) => !answered.has(each.address) && !isExplained(each))
  const names = [...new Set(others.map(({ address }) => address))]
  if (names.length > 0)
    advice.push(`No answer from ${names.join(', ')}: it is down, or the way to it is blocked.`)
  return advice
}

/** What PCP and NAT-PMP call it (RFC 6887 section 7.4). */
const NO_PUBLIC_ADDRESS = 'network failure'

function isBehindNat({ mapping, outside }: ReachView): boolean {
  return outside !== undefined || mapping === 'random' || mapping === 'sequential'
}

function mappingAdvice(portMapping: PortMappingView | undefined): string[] {
  if (portMapping === undefined)
    return ['Port mapping is turned off: <PortMapping> in the node configuration turns it on.']
  const { state, privateHost, protocols } = portMapping
  if (state === 'mapped')
    return ['The router forwards a port to this node: others reach it directly.']
  if (state === 'private')
    return [
      `The router forwards a port, but its own outside address ${privateHost ?? ''} is private: there is another NAT behind it, which only its operator can open.`,
    ]
  if (state !== 'none') return []
  const refusals = protocols.filter((each) => each.state === 'refused')
  const said = refusals.map(({ protocol, reason }) => `${protocol}: ${reason ?? 'refused'}`)
  if (refusals.some(({ reason }) => reason === NO_PUBLIC_ADDRESS))
    return [
      'The router forwards no ports because it has no public address itself: there is another NAT behind it, which only its operator can open.',
    ]
  if (said.length > 0)
    return [`The router refuses to forward ports (${said.join('; ')}): allow it there.`]
  if (protocols.some((each) => each.state === 'available'))
    return ['The router speaks a port mapping protocol but forwards nothing: check its rules.']
  return ['The router forwards no ports: turn on UPnP, NAT-PMP or PCP there for direct paths.']
}

/** How a node reaches others and is reached, with advice: what `ipop netcheck` shows. */
import type { ConnectionView, ReachView, RingNode } from '../../services.ts'

/** What is found out about a node's network. */
export interface NetCheck extends ReachView {
  /** Sessions by the kind of their path. */
  readonly paths: Readonly<Record<string, number>>
  /** What the operator may do about it, one sentence each. */
  readonly advice: readonly string[]
}

/** Returns how a node reaches others and is reached. */
export function netcheckOf(ring: RingNode): NetCheck {
  const reach = ring.reach()
  const paths: Record<string, number> = {}
  for (const { edgeKinds } of ring.connections()) {
    const kind = edgeKinds[0] ?? 'none'
    paths[kind] = (paths[kind] ?? 0) + 1
  }
  return { ...reach, paths, advice: adviceFor(reach, ring.connections()) }
}

function adviceFor(
  { mapping, heardOver, outside }: ReachView,
  connections: readonly ConnectionView[],
): string[] {
  const advice: string[] = []
  if (connections.length === 0)
    return ['Nobody answers: check the RemoteTAs and whether the firewall lets UDP or TCP out.']
  const isUdpSilent = !heardOver.includes('udp')
  if (isUdpSilent)
    advice.push('No UDP comes back: allow it outwards for direct paths; TCP and relays are used.')
  if (mapping === 'random')
    advice.push(
      'The NAT gives every destination a random port: forward a UDP port to this machine, or expect relays to some peers.',
    )
  if (mapping === 'sequential')
    advice.push('The NAT gives ports in a row: direct paths work with most peers, not all.')
  if (!isUdpSilent && outside === undefined && mapping === 'independent')
    advice.push('No NAT on the way: others can reach this node directly.')
  return advice
}

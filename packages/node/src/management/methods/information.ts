/** What a node tells about itself: neighbours, counts, connections. */
import type { CborValue } from '@ipop/codec'
import type { ConnectionView, ManagedNode, RingNode } from '../../services.ts'
import type { MethodTable } from '../method-table.ts'

/** The original's name of each kind of edge. */
const TRANSPORT_NAMES: Readonly<Record<string, string>> = { relay: 'tunnel', ring: 'subring' }

/** Adds sys:link, Information and ConnectionTable. */
export function addInformation(table: MethodTable, node: ManagedNode): void {
  const { ring } = node
  table.add('sys:link.Ping', { params: ['any'], isRemote: true }, (params) => params.any(0))
  table.add('sys:link.GetNeighbors', { params: [], isRemote: true }, () => neighborsOf(ring))
  table.add('sys:link.GetNodeInfo', { params: [], isRemote: true }, () => ({
    address: ring.address.toString(),
    transports: ring.localAddresses().slice(0, 12),
  }))
  table.add('Information.Info', { params: [], isRemote: true }, () => informationOf(node))
  table.add('ConnectionTable.GetConnections', { params: ['string'], isRemote: true }, (params) =>
    connectionRows(ring, params.string(0)),
  )
}

/** Returns the neighbours as clients of the original expect them: texts, absent ones left out. */
export function neighborsOf(ring: RingNode): Record<string, string> {
  const { left, left2, right, right2 } = ring.neighbors()
  const shortcut = ring.connections().find((each) => each.roles.includes('shortcut'))?.address
  const named = { self: ring.address, left, left2, right, right2, shortcut }
  const result: Record<string, string> = {}
  for (const [name, address] of Object.entries(named)) {
    if (address !== undefined) result[name] = address.toString()
  }
  return result
}

/** Returns the reply of `Information.Info`. */
export function informationOf(node: ManagedNode): Record<string, CborValue> {
  const connections = node.ring.connections()
  const ips = node.ring
    .localAddresses()
    .map(hostOf)
    .filter((host) => host !== '')
  return {
    type: node.kind,
    geo_loc: ',',
    localips: [...new Set(ips)],
    neighbors: neighborsOf(node.ring),
    ...edgeCounts(connections),
    cons: connections.length,
    // Every connection here is an authenticated, encrypted session.
    sas: connections.length,
    ...(node.ip === undefined
      ? {}
      : { VirtualIPs: [...node.ip.virtualIps()], IpopNamespace: node.ip.namespace }),
  }
}

/** Returns the number of edges in use by the original's transport names; spare paths do not count. */
export function edgeCounts(connections: readonly ConnectionView[]): Record<string, number> {
  const counts: Record<string, number> = { udp: 0, tcp: 0, tunnel: 0, subring: 0 }
  for (const [kind] of connections.map((each) => each.edgeKinds)) {
    if (kind === undefined) continue
    const name = TRANSPORT_NAMES[kind] ?? kind
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

function connectionRows(ring: RingNode, type: string): CborValue {
  const rows: CborValue[] = [type, ['address', 'sender', 'subtype']]
  for (const [index, { address, roles }] of ring.connections().entries()) {
    const isLeaf = roles.every((role) => role === 'leaf')
    if (type !== (isLeaf ? 'leaf' : 'structured')) continue
    const subtype = roles.find((role) => role !== 'leaf')
    rows.push([
      address.toString(),
      `sender:edge?num=${index}`,
      subtype === undefined ? '' : `.${subtype}`,
    ])
  }
  return rows
}

function hostOf(transportAddress: string): string {
  const match = /:\/\/(?:\[([^\]]+)\]|([^:/]+)):/.exec(transportAddress)
  return match?.[1] ?? match?.[2] ?? ''
}

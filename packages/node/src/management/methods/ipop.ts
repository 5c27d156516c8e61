/** The virtual network for local programs: which node holds an address, and how it is reached. */
import type { Address } from '@ipop/address'
import type { IpService, RingNode } from '../../services.ts'
import type { MethodTable } from '../method-table.ts'

/** Adds the namespace Ipop. */
export function addIpop(table: MethodTable, ring: RingNode, ip: IpService): void {
  table.add('Ipop.GetMapping', { params: ['string'], isRemote: true }, async (params) => {
    const address = await ip.resolve(params.string(0))
    return address?.toString() ?? 'NoSuchMapping'
  })
  table.add('Ipop.GetState', { params: ['string'], isRemote: false }, async (params) => {
    const address = await ip.resolve(params.string(0))
    return address === undefined ? 'No mapping' : stateOf(ring, address)
  })
}

/** Returns one line about the session with a node. */
export function stateOf(ring: RingNode, address: Address): string {
  const name = address.toString()
  if (address.equals(ring.address)) return `${name} is this node`
  const connection = ring.connections().find((each) => each.address.equals(address))
  if (connection === undefined) return `${name}: No connection`
  const { roles, edgeKinds, remote, relay, rttMs } = connection
  const where = remote ?? relay
  const path = `${edgeKinds[0] ?? 'no edge'}${where === undefined ? '' : ` ${where}`}`
  const roundTrip = rttMs === undefined ? '' : `, ${rttMs.toFixed(1)} ms`
  return `${name}: Connected (${roles.join(', ')}) by ${path}${roundTrip}; Security association: Active`
}

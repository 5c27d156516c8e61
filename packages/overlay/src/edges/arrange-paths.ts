/** Which ways through others a channel has: several relays while it has no direct path, none when it has. */
import type { Address } from '@ipop/address'
import type { Channel } from '@ipop/transport'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { RELAYS_PER_CHANNEL_MAX } from '../limits.ts'
import type { RingEdge } from './ring-edge.ts'

/** What is needed to arrange paths. */
export interface PathModules {
  readonly table: ConnectionTable
  /** Returns the way to a peer by the neighbour `via`. */
  ringEdge(peer: Address, via?: Address): RingEdge
}

/** Gives a channel without a direct path relays to measure and choose from, and takes those of the others away. */
export function arrangePaths(channel: Channel, modules: PathModules): void {
  closeNeedless(channel)
  const { address, activeEdge } = channel
  if (activeEdge?.kind !== 'ring' && activeEdge?.kind !== 'relay') return
  // Never a relay over a relay: neighbours that are themselves reached through others carry nothing.
  const mayRelay = (each: Connection) => !each.isOverRing && !each.address.equals(address)
  const relays = modules.table.nearestTo(address, mayRelay).slice(0, RELAYS_PER_CHANNEL_MAX)
  for (const relay of relays) channel.addEdge(modules.ringEdge(address, relay.address))
}

/** A direct path needs no spare through others, whose probes would cost them; a suspect peer gets a new one. */
function closeNeedless(channel: Channel): void {
  const active = channel.activeEdge?.kind
  if (active === 'ring') return
  for (const edge of channel.edges) {
    if (edge.kind === 'ring' || (edge.kind === 'relay' && active !== 'relay')) edge.close()
  }
}

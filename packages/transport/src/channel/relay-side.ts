/** Joins relaying to the channels of a table. */
import type { IndexAllocator } from '@ipop/security'
import type { RelayEdge } from '../relay/relay-edge.ts'
import type { RelayOptions } from '../relay/relay-service.ts'
import { Relays, type RelaysHost } from '../relay/relays.ts'
import type { ChannelHost } from './channel-host.ts'
import type { ChannelRegistry } from './channel-registry.ts'
import type { ChannelObserver } from './types.ts'

/** The parts of a channel table that relaying works with. */
export interface RelaySideModules {
  readonly host: ChannelHost
  readonly channels: ChannelRegistry
  readonly indexes: IndexAllocator
  deliver(datagram: Uint8Array, edge: RelayEdge): void
  readonly observer: ChannelObserver | undefined
}

/** Returns the relaying of the table that the parts belong to. */
export function openRelays(modules: RelaySideModules, options: RelayOptions | undefined): Relays {
  return new Relays(relayHostOf(modules), options)
}

function relayHostOf(modules: RelaySideModules): RelaysHost {
  const { host, channels, indexes, observer } = modules
  return {
    address: host.address,
    random: host.random,
    indexes,
    now: () => host.now(),
    wake: (at) => host.wake(at),
    channel: (peer) => channels.get(peer),
    drop: (reason) => host.drop(reason),
    deliver: (datagram, edge) => modules.deliver(datagram, edge),
    edgeOpened: (edge) => channels.get(edge.peer)?.addEdge(edge),
    edgeClosed: (edge) => channels.get(edge.peer)?.edgeClosed(edge),
    edgeMoved: (edge) => {
      const carried = channels.get(edge.peer)
      if (carried?.activeEdge !== edge) return
      carried.ways.mtu.carrierMoved(edge, host.now())
      observer?.activeEdgeChanged(edge.peer, edge, carried.datagramBytesMax)
    },
  }
}

/** One ring node with its DHT, and the view of it that the management interfaces use. */
import type { Address } from '@ipop/address'
import { Dht } from '@ipop/dht'
import type { Runtime } from '@ipop/runtime'
import { OverlayNode, roleNames, type Connection, type OverlayNodeOptions } from '@ipop/overlay'
import { reportPaths } from '@ipop/transport'
import type {
  ConnectionView,
  DhtService,
  PeerTraffic,
  ReachCheckView,
  Refusals,
  RingNode,
} from '../services.ts'
import { checkReach } from './reach-check.ts'

/** A node on the ring with its part of the DHT. */
export interface Member {
  readonly overlay: OverlayNode
  readonly dht: Dht
  readonly clock: Runtime['clock']
  /** Finds out who is let in to the node and which bootstraps answer. */
  checkReach(): Promise<ReachCheckView>
}

/** Makes a node and its DHT; neither does anything until it is started. */
export function createMember(runtime: Runtime, options: OverlayNodeOptions): Member {
  const overlay = OverlayNode.create(runtime, options)
  const dht = new Dht(
    {
      ring: overlay,
      clock: runtime.clock,
      timers: runtime.timers,
      random: runtime.random.fork(`dht ${overlay.address.key}`),
      log: runtime.log.child({ node: overlay.address.toString().slice(12, 20) }),
      wallTimeMs: () => runtime.clock.wallTimeMs(),
    },
    { identity: options.identity },
  )
  const { clock, names, log } = runtime
  const { remoteTas } = options
  const checks = { overlay, clock, names, log, remoteTas }
  return { overlay, dht, clock, checkReach: () => checkReach(checks) }
}

/** Who knows what was refused of a peer's datagrams. */
export interface RefusalSource {
  refusals(peer: Address): Refusals
}

/** Returns the ring node as the management interfaces see it. */
export function ringView({ overlay, clock }: Member, plane?: RefusalSource): RingNode {
  return {
    address: overlay.address,
    get state() {
      return overlay.state
    },
    neighbors: () => overlay.neighbors(),
    connections: () =>
      overlay.connections.all().map((each) => ({
        ...connectionView(each, clock.now()),
        ...(plane === undefined ? {} : { refusals: plane.refusals(each.address) }),
      })),
    paths: (peer) => {
      const channel = overlay.channels.channel(peer)
      return channel && reportPaths(channel, clock.now())
    },
    localAddresses: () => overlay.channels.hintOf().endpoints.map(String),
    reach: () => {
      const { mapping, outside, endpoints } = overlay.channels.reach.reach()
      return {
        mapping,
        outside: outside?.first.toString(),
        endpoints: endpoints.map(String),
        heardOver: overlay.channels.reach.heardOver,
      }
    },
    call: (target, method, args, options) => overlay.call(target, method, args, options),
    handle: (method, schema, handler) => overlay.handle(method, schema, handler),
    nextHop: (target) => overlay.nearestTo(target),
  }
}

function connectionView(connection: Connection, now: number): ConnectionView {
  const { channel, address } = connection
  const { activeEdge } = channel
  const since = channel.ways.paths.active?.activeSince
  const others = channel.edges.filter((edge) => edge.isOpen && edge.id !== activeEdge?.id)
  return {
    address,
    roles: roleNames(connection.localRoles | connection.remoteRoles),
    edgeKinds: [...(activeEdge === undefined ? [] : [activeEdge]), ...others].map(
      (edge) => edge.kind,
    ),
    remote: activeEdge?.remote?.toString(),
    relay: activeEdge?.relay?.toString(),
    rttMs: channel.rttMs,
    activeForMs: since === undefined ? undefined : now - since,
    connectedForMs: now - connection.upAt,
    datagramBytesMax: channel.datagramBytesMax,
    traffic: trafficOf(channel.counters),
    rekeys: channel.session.rekeyCount,
  }
}

function trafficOf({ packetsIn, packetsOut, bytesIn, bytesOut }: PeerTraffic): PeerTraffic {
  return { packetsIn, packetsOut, bytesIn, bytesOut }
}

/** Returns the DHT as the management interfaces see it. */
export function dhtView({ overlay, dht }: Member, clock: Runtime['clock']): DhtService {
  return {
    put: (key, value, ttlSeconds) => dht.put(key, value, ttlSeconds),
    create: (key, value, ttlSeconds) => dht.create(key, value, ttlSeconds),
    get: (key) => dht.get(key),
    release: (key, value) => dht.release(key, value),
    count: () => dht.stats.records,
    dump: async () => {
      const records = await dht.dump(overlay.address)
      return records.map(({ entry, remainingMs }) => ({
        key: entry.keyHash,
        value: entry.value,
        createdAtMs: entry.signedAtMs,
        expiresAtMs: clock.wallTimeMs() + remainingMs,
      }))
    },
  }
}

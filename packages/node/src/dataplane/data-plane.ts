/** The native data plane of one node, joined to its ports, sessions, channels and router. */
import type { Address } from '@ipop/address'
import type { Log, Runtime } from '@ipop/runtime'
import { CAPABILITY_PARTIAL_CHECKSUMS } from '@ipop/security'
import {
  RelayEdge,
  type Relays,
  UdpEdge,
  UdpEdgeListener,
  type ChannelObserver,
  type Edge,
  type EdgeListener,
} from '@ipop/transport'
import type { DataPlaneHandlers } from 'napi-rs-tun'
import { messageOf } from '../errors.ts'
import type { Refusals } from '../services.ts'
import { commonCiphers } from './cipher-check.ts'
import { PlaneCiphers } from './plane-cipher.ts'
import { PlaneForwarding } from './plane-forwarding.ts'
import { PlanePeers } from './plane-peers.ts'
import { PlaneRelays } from './plane-relays.ts'
import { PlaneSockets } from './plane-sockets.ts'
import { PlaneTraffic, type TrafficListener } from './plane-traffic.ts'
import type { Plane, SocketEndpoint } from './plane.ts'
import { addRefusals, NO_REFUSALS } from './refusals.ts'

/** The ports the data plane uses. */
export type NodeDataPlaneRuntime = Pick<Runtime, 'clock' | 'timers' | 'log' | 'datagrams'>

/** The node that the data plane works for. */
export interface DataPlaneNode {
  readonly entry: TrafficListener['entry']
  /** Its relay channels. */
  readonly relays: Relays
  /** Keeps the connection to a peer that packets go to. */
  sentTo(peer: Address): void
}

/** IP packets between the interface and sessions, without JavaScript on the way. */
export class NodeDataPlane implements ChannelObserver {
  /** Where the node's ports come from. */
  readonly datagrams: PlaneSockets
  /** Where the node's session keys live. */
  readonly ciphers: PlaneCiphers
  /** What the node offers in handshakes. */
  readonly capabilities: readonly number[]
  /** Takes the router's rows. */
  readonly forwarding: PlaneForwarding
  /** Takes the node's relay channels. */
  readonly relays: PlaneRelays
  readonly #log: Log
  readonly #plane: Plane
  readonly #peers: PlanePeers
  readonly #traffic: PlaneTraffic
  #features: Readonly<Record<string, boolean>>
  #tooLongTrains = 0

  /** Makes one around the plane that `open` opens with the handlers it gets. Throws where the plane cannot be used. */
  constructor(runtime: NodeDataPlaneRuntime, open: (handlers: DataPlaneHandlers) => Plane) {
    const { clock, timers, log } = runtime
    const plane = open({
      onFrame: (index, frame, source) => this.#traffic.receive(index, frame, source),
      // Not covered by a row: JavaScript decides, as it does for every packet that comes through a channel.
      onStrayPacket: (index, packet, source) => this.#traffic.receive(index, packet, source),
      onConfirmed: (index, source) => this.#traffic.noteSource(index, source),
      onMoved: (index, source) => this.#traffic.noteSource(index, source),
    })
    this.#log = log
    this.#plane = plane
    this.capabilities = checksDestinations(plane)
      ? [...commonCiphers(plane), CAPABILITY_PARTIAL_CHECKSUMS]
      : []
    const peers = new PlanePeers(plane)
    const traffic = new PlaneTraffic({ plane, peers, clock, timers })
    this.#peers = peers
    this.#traffic = traffic
    this.#features = plane.features()
    traffic.onLook = () => {
      this.#tellLostFeatures()
      this.#askNarrowLinks()
    }
    this.datagrams = new PlaneSockets({ plane, others: runtime.datagrams })
    this.ciphers = new PlaneCiphers({ plane, peers, log })
    this.forwarding = new PlaneForwarding({ plane, peers, traffic, clock, log })
    this.relays = new PlaneRelays({ plane, log, endpointOf: (edge) => this.#endpointOf(edge) })
  }

  /** Begins to work for `node`, whose ports are `listeners`. */
  attach(node: DataPlaneNode, listeners: readonly EdgeListener[]): void {
    for (const listener of listeners) {
      if (listener instanceof UdpEdgeListener) this.datagrams.attach(listener)
    }
    this.#traffic.listener = {
      ...node,
      edgeFrom: ({ socket, host, port, channel }) =>
        channel === undefined
          ? this.datagrams.listener(socket)?.edgeFrom({ host, port })
          : node.relays.client.heard(channel),
    }
  }

  activeEdgeChanged(address: Address, edge: Edge | undefined, datagramBytesMax?: number): void {
    const endpoint = this.#endpointOf(edge)
    try {
      const peer = endpoint === undefined ? this.#peers.get(address) : this.#peers.ensure(address)
      if (peer !== undefined) this.#peers.move(peer, endpoint, datagramBytesMax)
    } catch (error) {
      // A full table: the peer's packets come to JavaScript, which has the path.
      const fields = { peer: address.toString(), error: messageOf(error) }
      this.#log.write('warn', 'data plane refused a peer', fields)
    }
  }

  /** Returns the counters of the plane by name. */
  counters(): Readonly<Record<string, number>> {
    return this.#plane.counters()
  }

  /** Returns which features of the kernel and its devices are in use, by name. */
  features(): Readonly<Record<string, boolean>> {
    return this.#plane.features()
  }

  /** Returns what was refused of a peer since it came into the plane. */
  refusals(address: Address): Refusals {
    const peer = this.#peers.get(address)
    const underKeys = [...(peer?.keys.keys() ?? [])].map((index) =>
      this.#plane.sessionCounters(index),
    )
    return underKeys.reduce(addRefusals, peer?.refusedBefore ?? NO_REFUSALS)
  }

  /** Ends it; the node must have stopped before. */
  close(): Promise<void> {
    this.#traffic.close()
    return this.#plane.close()
  }

  /** A device that refuses a feature once is not asked again, so each is told once. */
  #tellLostFeatures(): void {
    const before = this.#features
    this.#features = this.#plane.features()
    for (const feature of Object.keys(before)) {
      if (before[feature] !== true || this.#features[feature] !== false) continue
      this.#log.write('warn', 'data plane lost a feature: a device refused it', { feature })
    }
  }

  /** The MTU of a link or route fell below what paths were found to carry. */
  #askNarrowLinks(): void {
    const { tooLongTrains = 0 } = this.#plane.counters()
    if (tooLongTrains > this.#tooLongTrains) this.#traffic.listener?.entry.doubtDatagramSizes()
    this.#tooLongTrains = tooLongTrains
  }

  #endpointOf(edge: Edge | undefined): SocketEndpoint | undefined {
    if (edge instanceof RelayEdge) return this.#relayedEndpointOf(edge)
    if (!(edge instanceof UdpEdge) || edge.isLocal) return undefined
    const socket = this.datagrams.idOf(edge.local)
    return socket === undefined ? undefined : { socket, ...edge.endpoint }
  }

  #relayedEndpointOf({ carrier, sendChannel: channel }: RelayEdge): SocketEndpoint | undefined {
    const relay = this.relays.isSupported ? this.#endpointOf(carrier) : undefined
    return relay && { ...relay, channel }
  }
}

/** Returns whether the plane writes only packets for own addresses. An old addon would write all. */
function checksDestinations(plane: Plane): boolean {
  try {
    plane.setOwnAddresses([])
    return true
  } catch {
    return false
  }
}

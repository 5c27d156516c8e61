/** Puts the parts of an overlay node together. */
import type { Address } from '@ipop/address'
import type { Log, Random, Runtime } from '@ipop/runtime'
import { ChannelTable, type TransportAddress } from '@ipop/transport'
import { ConnectionTable } from '../connections/connection-table.ts'
import { RelaySeeker } from '../edges/relay-seeker.ts'
import { RingEdge } from '../edges/ring-edge.ts'
import { HOP_LIMIT, VIA_HOP_LIMIT } from '../limits.ts'
import { Linker } from '../linking/linker.ts'
import { DispatchTable } from '../messaging/dispatch-table.ts'
import { RequestReply } from '../messaging/request-reply.ts'
import { HopTrust } from '../routing/hop-trust.ts'
import { PacketForwarder } from '../routing/packet-forwarder.ts'
import { BriefPeers } from '../topology/brief-peers.ts'
import { Departed } from '../topology/departed.ts'
import { Exchanger, type ExchangeListener } from '../topology/exchanger.ts'
import { Inquiries } from '../topology/inquiries.ts'
import { KnownPeers } from '../topology/known-peers.ts'
import { Leaves } from '../topology/leaves.ts'
import { Membership } from '../topology/membership.ts'
import { NearDials } from '../topology/near-dials.ts'
import { NearNeighbors } from '../topology/near-neighbors.ts'
import { NeighborWatch } from '../topology/neighbor-watch.ts'
import { OnDemand } from '../topology/on-demand.ts'
import { Remembered } from '../topology/remembered.ts'
import { Shortcuts } from '../topology/shortcuts.ts'
import type { OverlayPacket } from '../wire/overlay-packet.ts'
import type { OverlayNodeOptions } from './options.ts'
import { RingKeeper } from './ring-keeper.ts'
import { addRingMethods } from './ring-methods.ts'

/** The parts of a node that its facade speaks to. */
export interface OverlayParts {
  readonly channels: ChannelTable
  readonly table: ConnectionTable
  readonly forwarder: PacketForwarder
  readonly dispatch: DispatchTable
  readonly calls: RequestReply
  readonly onDemand: OnDemand
  readonly keeper: RingKeeper
  /** Says hello to a node that was found nearby. */
  readonly meet: (found: TransportAddress) => void
  readonly remembered: Remembered
  readonly seeker: RelaySeeker
  /** Returns the way back to a peer whose datagrams came through the ring, from the neighbour `via`. */
  returnEdge(peer: Address, via: Address | undefined): RingEdge
}

/** What the parts tell the facade. */
export interface OverlayPartsListener {
  /** A packet for this node, handed over by the neighbour `from`; its payload is borrowed. */
  deliver(packet: OverlayPacket, from: Address | undefined): void
  /** The node has its place in the ring. */
  joined(): void
  /** The near connections are others than before. */
  neighborsChanged(): void
  /** A peer that traffic asks for cannot be reached. */
  peerUnreachable: (peer: Address) => void
}

/** Makes the parts of one node; nothing runs until its keeper is started. */
export function assemble(
  runtime: Runtime,
  log: Log,
  options: OverlayNodeOptions,
  listener: OverlayPartsListener,
): OverlayParts {
  const { address } = options.identity
  const random = runtime.random.fork(`overlay ${address.key}`)
  const channels = new ChannelTable({ ...runtime, log }, options)
  const table = new ConnectionTable(address)
  const dispatch = new DispatchTable()
  const receiver = {
    deliver: (packet: OverlayPacket, from: Address | undefined) => listener.deliver(packet, from),
    unreachable: (packet: OverlayPacket) => calls.refuse(packet),
  }
  const mayAnswerAlone = () => membership.mayAnswerAlone
  const { clock, timers } = runtime
  const trust = new HopTrust()
  const ringSize = () => keeper.ringSize
  const routing = { table, clock, timers, trust, mayAnswerAlone, ringSize }
  const forwarder = new PacketForwarder({ ...routing, log, receiver })
  const serving = { runtime, random: random.fork('calls'), log, dispatch }
  const calls = new RequestReply({ ...serving, sender: forwarder, trust })
  const { ringEdge, returnEdge } = ringEdges(forwarder)
  const linker = new Linker({ channels, table, calls, runtime, log, ringEdge })
  const shared = { runtime, log, channels, table, linker }
  const policies = makePolicies({ ...shared, calls, ringEdge, random }, options, listener)
  const { leaves, membership, near, known, onDemand, remembered, seeker } = policies
  const ownHint = () => channels.hintOf()
  const learner: ExchangeListener = { learn: (...told) => keeper.learn(...told) }
  const incarnation = random.fork('incarnation').uint32()
  const briefs = new BriefPeers({ clock, table, known, near })
  const tellers = { table, calls, log, ownHint, incarnation, near, briefs }
  const exchanger = new Exchanger({ ...tellers, listener: learner })
  const keeper = new RingKeeper({ ...shared, ...policies, exchanger }, listener)
  addRingMethods(dispatch, { channels, table, linker, calls, exchanger, keeper })
  const meet = (found: TransportAddress) => leaves.meet(found, keeper.isInRing, runtime.clock.now())
  const ring = { seeker, onDemand, remembered }
  return { channels, table, forwarder, dispatch, calls, ...ring, keeper, returnEdge, meet }
}

/** Who named a peer is connected with it; who handed over its datagrams may be as far away from it as this node. */
function ringEdges(forwarder: PacketForwarder) {
  return {
    ringEdge: (peer: Address, via?: Address) =>
      new RingEdge({ peer, via, viaHops: VIA_HOP_LIMIT }, forwarder),
    returnEdge: (peer: Address, via: Address | undefined) =>
      new RingEdge({ peer, via, viaHops: HOP_LIMIT }, forwarder),
  }
}

/** What policies are made from. */
interface PolicyModules {
  readonly runtime: Runtime
  readonly log: Log
  readonly channels: ChannelTable
  readonly table: ConnectionTable
  readonly linker: Linker
  readonly calls: RequestReply
  readonly random: Random
  readonly ringEdge: (peer: Address, via?: Address) => RingEdge
}

/** Makes the policies that decide whom a node is connected with, and what they know in common. */
function makePolicies(
  modules: PolicyModules,
  options: OverlayNodeOptions,
  listener: OverlayPartsListener,
) {
  const { runtime, log, channels, table, linker, calls, random, ringEdge } = modules
  const { clock } = runtime
  const known = new KnownPeers(table.self)
  const near = new NearNeighbors({ table, known, linker })
  const inquiries = new Inquiries({ clock, log, calls, known, table, linker, near })
  const dials = new NearDials({ near, known, linker, inquiries })
  const watch = new NeighborWatch({ table })
  const onDemand = new OnDemand({ table, linker, log, onUnreachable: listener.peerUnreachable })
  const shared = { runtime, log, channels, table, linker }
  const leaves = new Leaves({ ...shared, random: random.fork('leaves'), calls }, options)
  const remembered = new Remembered({ clock, table }, options.remembered ?? [])
  const shortcuts = new Shortcuts({ table, linker, random: random.fork('shortcuts'), log })
  const departed = new Departed({ random: random.fork('departed') })
  const seeker = new RelaySeeker({ clock, log, channels, table, onDemand, ringEdge })
  const membership = new Membership({ table, near, linker, leaves, remembered })
  const others = { onDemand, leaves, remembered, shortcuts, departed, seeker, membership }
  return { known, dials, near, watch, ...others }
}

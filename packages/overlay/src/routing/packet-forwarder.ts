/** Moves overlay packets: forwards those of others, delivers one's own. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Clock, Log, Timers } from '@ipop/runtime'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { HOP_LIMIT, HOP_PROBE_MS } from '../limits.ts'
import type { OverlayPacket } from '../wire/overlay-packet.ts'
import {
  decodeDirectPacket,
  decodeOverlayPacket,
  DIRECT_PACKET_FRAME,
  encodeDirectPacket,
  encodeOverlayPacket,
  PayloadKind,
  RoutingMode,
  setHopsTaken,
  setRoutingMode,
} from '../wire/overlay-packet.ts'
import { newForwarderStats } from './forwarder-stats.ts'
import { hopCosts } from './hop-cost.ts'
import type { HopTrust } from './hop-trust.ts'
import { LocalRepair } from './local-repair.ts'
import type { RouteDecision } from './ring-router.ts'
import { chooseFirstHop, chooseHop, otherSide } from './ring-router.ts'

/** What the forwarder hands up. */
export interface PacketReceiver {
  /** A packet for this node, handed over by the neighbour `from` (none: by itself). Its payload is borrowed until the call returns. */
  deliver(packet: OverlayPacket, from: Address | undefined): void
  /** An exact packet whose destination is not in the ring; `frame` is borrowed. */
  unreachable(packet: OverlayPacket): void
}

/** The routing half of a node. */
export class PacketForwarder {
  readonly stats = newForwarderStats()
  readonly #table: ConnectionTable
  readonly #clock: Clock
  readonly #trust: HopTrust
  readonly #log: Log
  readonly #receiver: PacketReceiver
  readonly #mayAnswerAlone: () => boolean
  readonly #ringSize: () => number
  readonly #repair: LocalRepair

  constructor(modules: {
    table: ConnectionTable
    clock: Clock
    timers: Timers
    /** Which neighbours lost packets of this node. */
    trust: HopTrust
    log: Log
    receiver: PacketReceiver
    /** Whether the node may take itself for the nearest when it knows nobody. */
    mayAnswerAlone: () => boolean
    /** About how many nodes there are. */
    ringSize: () => number
  }) {
    this.#table = modules.table
    this.#clock = modules.clock
    this.#trust = modules.trust
    this.#log = modules.log
    this.#receiver = modules.receiver
    this.#mayAnswerAlone = modules.mayAnswerAlone
    this.#ringSize = modules.ringSize
    const sendAgain = (frame: Uint8Array, tried: readonly Address[]) =>
      this.#sendAgain(frame, tried)
    this.#repair = new LocalRepair({ ...modules, sendAgain })
  }

  /**
   * Sends a packet of this node's own; returns the neighbour that it was handed to. Those in `tried`, by which it left
   * before, come last, and before them those that lost packets lately.
   */
  send(
    destination: Address,
    mode: RoutingMode,
    kind: PayloadKind,
    payload: Uint8Array,
    tried: readonly Address[] = [],
  ): Address | undefined {
    this.stats.sent++
    const packet = this.#packet(destination, mode, kind, payload)
    const hop = this.#firstHop(packet, tried)
    if (hop) this.#forward(hop, packet)
    else this.#route(packet)
    return hop?.address
  }

  /** Sends nothing again from now on. */
  close(): void {
    this.#repair.close()
  }

  /** Asks whether the neighbour `hop` is still there, unless it was heard within `ms`. */
  doubt(hop: Address, ms: number): void {
    this.#table.get(hop)?.probeAfter(ms, this.#clock.now())
  }

  /** Sends a session datagram to `destination` by way of the neighbour `via`, or where there is none as `sendAround`. */
  sendVia(
    via: Address,
    { destination, hopLimit }: Pick<OverlayPacket, 'destination' | 'hopLimit'>,
    payload: Uint8Array,
  ): boolean {
    const hop = this.#direct(via)
    const kind = PayloadKind.sessionDatagram
    if (!hop) return this.sendAround(destination, kind, payload)
    this.stats.sent++
    const packet = this.#packet(destination, RoutingMode.exact, kind, payload)
    return this.#transmit(hop, encodeOverlayPacket({ ...packet, hopLimit }), 1)
  }

  /** Sends to `destination` by way of another neighbour than the destination itself; returns false where there is none. */
  sendAround(destination: Address, kind: PayloadKind, payload: Uint8Array): boolean {
    const decision = this.#wayAround(destination)
    if (decision.kind !== 'forward') return false
    const packet = this.#packet(destination, RoutingMode.exact, kind, payload)
    this.stats.sent++
    return this.#transmit(decision.hop, encodeOverlayPacket(packet), 1)
  }

  /** Accepts an overlay packet that the neighbour `from` handed over; `frame` is borrowed and may be rewritten. */
  receive(frame: Uint8Array, from: Address): void {
    const isDirect = frame[0] === DIRECT_PACKET_FRAME
    const ends = { source: from, destination: this.#table.self }
    const packet = isDirect ? decodeDirectPacket(frame, ends) : decodeOverlayPacket(frame)
    if (packet instanceof Malformed) {
      this.stats.malformed++
      this.#log.write('debug', 'overlay packet malformed', { reason: packet.reason })
      return
    }
    if (isDirect) return this.#deliver(packet, from)
    // The second leg ends with whoever gets it, even if the address has an owner by now.
    if (packet.mode === RoutingMode.bothSecondLeg) this.#deliver(packet, from)
    else this.#route(packet, frame, from)
  }

  #wayAround(destination: Address): RouteDecision<Connection> {
    const { self } = this.#table
    const all = this.#table.structured()
    const query = { destination, isExact: true, avoid: destination, isDatagram: true }
    const now = this.#clock.now()
    const trusted = all.filter(({ address }) => !this.#trust.isDoubtful(address, now))
    const decision = chooseHop(self, trusted, query)
    return decision.kind === 'forward' ? decision : chooseHop(self, all, query)
  }

  #packet(destination: Address, mode: RoutingMode, kind: PayloadKind, payload: Uint8Array) {
    const source = this.#table.self
    return { mode, hops: 0, hopLimit: HOP_LIMIT, source, destination, kind, payload }
  }

  /** Chooses the neighbour that a packet of this node's own begins with; none where it ends here, or nowhere. */
  #firstHop(
    { destination, mode }: OverlayPacket,
    tried: readonly Address[],
  ): Connection | undefined {
    const { self } = this.#table
    if (destination.equals(self)) return undefined
    const isBoth = mode === RoutingMode.both
    const direct = isBoth ? undefined : this.#direct(destination)
    if (direct && tried.length === 0) return direct
    const hops = isBoth ? this.#hopsBesides(destination) : this.#table.structured()
    if (direct && !hops.includes(direct)) hops.push(direct)
    const now = this.#clock.now()
    const isDoubtful = (hop: Connection) =>
      hop !== direct && this.#trust.isDoubtful(hop.address, now)
    const costOf = direct ? undefined : hopCosts(hops, destination, this.#ringSize())
    return chooseFirstHop(self, hops, { destination, tried, isDoubtful, costOf })
  }

  #route(packet: OverlayPacket, frame?: Uint8Array, from?: Address): void {
    const isBoth = packet.mode === RoutingMode.both
    const direct = isBoth ? undefined : this.#direct(packet.destination)
    if (direct) return this.#forward(direct, packet, frame)
    const isExact = packet.mode === RoutingMode.exact
    // An address that both its neighbours are asked for is taken as missing, whoever holds it now.
    if (isBoth && packet.destination.equals(this.#table.self))
      return this.#routeAroundSelf(packet, frame)
    const hops = isBoth ? this.#hopsBesides(packet.destination) : this.#table.structured()
    const decision = chooseHop(this.#table.self, hops, {
      destination: packet.destination,
      isExact,
      avoid: packet.source.equals(packet.destination) ? undefined : packet.source,
      isDatagram: packet.kind === PayloadKind.sessionDatagram,
      costOf: hopCosts(hops, packet.destination, this.#ringSize()),
    })
    if (decision.kind === 'forward') return this.#forward(decision.hop, packet, frame)
    const isForSelf = packet.destination.equals(this.#table.self)
    const isLost = !isForSelf && !this.#mayAnswerAlone()
    if (decision.kind === 'unreachable' || isLost) return this.#giveUp(packet)
    if (isBoth) this.#sendSecondLeg(packet, frame)
    this.#deliver(packet, from)
  }

  /** Sends a packet by another neighbour than those in `tried`, where one is nearer to its destination. */
  #sendAgain(frame: Uint8Array, tried: readonly Address[]): void {
    const packet = decodeOverlayPacket(frame)
    if (packet instanceof Malformed) return
    const { destination } = packet
    const isTried = ({ address }: Connection) => tried.some((one) => one.equals(address))
    const isBoth = packet.mode === RoutingMode.both
    const all = isBoth ? this.#hopsBesides(destination) : this.#table.structured()
    const hops = all.filter((hop) => !isTried(hop))
    const costOf = hopCosts(hops, destination, this.#ringSize())
    const query = { destination, isExact: true, isDatagram: false, costOf }
    const decision = chooseHop(this.#table.self, hops, query)
    if (decision.kind !== 'forward') return
    this.stats.repaired++
    this.#forward(decision.hop, packet, frame, tried)
  }

  #direct(destination: Address): Connection | undefined {
    const connection = this.#table.get(destination)
    return connection && !connection.isOverRing ? connection : undefined
  }

  #hopsBesides(address: Address): Connection[] {
    return this.#table.structured().filter((hop) => !hop.address.equals(address))
  }

  /** The asker for both neighbours of an address is the node that holds it: its own neighbours are wanted. */
  #routeAroundSelf(packet: OverlayPacket, frame?: Uint8Array): void {
    const { left, right } = this.#table.neighbors()
    for (const address of left && right && left.equals(right) ? [left] : [left, right]) {
      const hop = address && this.#table.get(address)
      if (hop) this.#sendLeg(hop, packet, frame)
    }
  }

  #sendSecondLeg(packet: OverlayPacket, frame?: Uint8Array): void {
    const hop = otherSide(this.#table.self, this.#table.structured(), packet.destination)
    if (hop && !hop.address.equals(packet.source)) this.#sendLeg(hop, packet, frame)
  }

  #sendLeg(hop: Connection, packet: OverlayPacket, frame?: Uint8Array): void {
    const copy = frame ? frame.slice() : encodeOverlayPacket(packet)
    setRoutingMode(copy, RoutingMode.bothSecondLeg)
    this.#transmit(hop, copy, packet.hops + 1)
  }

  /** Hands a packet to a neighbour; those in `tried` were handed it before. */
  #forward(
    hop: Connection,
    packet: OverlayPacket,
    encoded?: Uint8Array,
    tried: readonly Address[] = [],
  ): void {
    if (packet.hops >= packet.hopLimit) {
      this.stats.hopLimitReached++
      return
    }
    if (encoded && tried.length === 0) this.stats.forwarded++
    if (!encoded && isDirect(hop, packet)) return this.#handOver(hop, packet)
    const frame = encoded ?? encodeOverlayPacket(packet)
    const isLast = hop.address.equals(packet.destination)
    if (!isLast && isCall(packet.kind)) this.#repair.keep(hop, frame, tried)
    this.#transmit(hop, frame, packet.hops + 1)
  }

  #handOver(hop: Connection, { kind, payload }: OverlayPacket): void {
    hop.channel.send(encodeDirectPacket(kind, payload))
    hop.probeAfter(HOP_PROBE_MS, this.#clock.now())
  }

  #transmit(hop: Connection, frame: Uint8Array, hops: number): boolean {
    setHopsTaken(frame, hops)
    const isSent = hop.channel.send(frame)
    hop.probeAfter(HOP_PROBE_MS, this.#clock.now())
    return isSent
  }

  #giveUp(packet: OverlayPacket): void {
    this.stats.unreachable++
    this.#receiver.unreachable(packet)
  }

  #deliver(packet: OverlayPacket, from: Address | undefined): void {
    this.stats.delivered++
    this.#receiver.deliver(packet, from)
  }
}

/** Whether losing a packet of this kind costs an asker a timeout; other traffic is too much to be kept. */
function isCall(kind: PayloadKind): boolean {
  return kind === PayloadKind.request || kind === PayloadKind.reply
}

/** Whether a packet of this node's own ends at the neighbour that it is handed to. */
function isDirect({ address }: Connection, { destination, mode, kind }: OverlayPacket): boolean {
  const isExact = mode === RoutingMode.exact && address.equals(destination)
  return isExact && kind !== PayloadKind.sessionDatagram
}

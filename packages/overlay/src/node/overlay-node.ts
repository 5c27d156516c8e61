/** One node of the overlay: joins the ring, routes, calls and is called. */
import type { Address } from '@ipop/address'
import { compareByDistance } from '@ipop/address'
import type { CborValue } from '@ipop/codec'
import { Malformed } from '@ipop/codec'
import type { Log, Runtime } from '@ipop/runtime'
import type { Identity } from '@ipop/security'
import { FRAME_IP_PARTIAL, type Channel, type ChannelTable } from '@ipop/transport'
import type { ConnectionTable, Neighbors } from '../connections/connection-table.ts'
import { OverlayError } from '../errors.ts'
import { NEAR_PER_SIDE, REMOTE_TAS_MAX } from '../limits.ts'
import type { ArgumentSchema, CallHandler } from '../messaging/dispatch-table.ts'
import type { CallOptions, CallReply } from '../messaging/request-reply.ts'
import type { ForwarderStats } from '../routing/forwarder-stats.ts'
import type { RememberedPeer } from '../topology/remembered.ts'
import { decodeApplicationMessage, encodeApplicationMessage } from '../wire/application-message.ts'
import type { OverlayPacket } from '../wire/overlay-packet.ts'
import { isPacketFrame, PayloadKind, RoutingMode } from '../wire/overlay-packet.ts'
import { Listeners } from './listeners.ts'
import type { OverlayNodeOptions, OverlayState } from './options.ts'
import type { OverlayParts } from './parts.ts'
import { assemble } from './parts.ts'

/** Receives application messages; `payload` is borrowed until the call returns. */
export type MessageHandler = (payload: Uint8Array, from: Address) => void

/** Receives IP packets of peers, some as frames of type 0x06; `packet` is borrowed until the call returns. */
export type IpPacketHandler = (packet: Uint8Array, from: Address) => void

/** A node of the overlay. */
export class OverlayNode {
  /** The node's place on the ring. */
  readonly address: Address
  /** Who the node is. */
  readonly identity: Identity
  /** The sessions below the connections. */
  readonly channels: ChannelTable
  /** Every connection of the node. */
  readonly connections: ConnectionTable
  /** Says hello to a node that was found nearby, and joins its ring when that is another one. */
  readonly meet: OverlayParts['meet']
  readonly #runtime: Runtime
  readonly #log: Log
  readonly #parts: OverlayParts
  readonly #messageHandlers = new Map<string, MessageHandler>()
  readonly #neighborListeners = new Listeners<[]>()
  readonly #peerUpListeners = new Listeners<[Address]>()
  readonly #peerDownListeners = new Listeners<[Address]>()
  readonly #unreachableListeners = new Listeners<[Address]>()
  #ipHandler: IpPacketHandler | undefined
  #state: OverlayState = 'offline'
  #joinWaiters: { resolve: () => void; reject: (error: OverlayError) => void }[] = []

  /** Makes a node that does nothing until it is started. Listeners must be open. */
  static create(runtime: Runtime, options: OverlayNodeOptions): OverlayNode {
    return new OverlayNode(runtime, options)
  }

  private constructor(runtime: Runtime, options: OverlayNodeOptions) {
    if (options.remoteTas.length > REMOTE_TAS_MAX)
      throw new RangeError(`${options.remoteTas.length} RemoteTAs, at most ${REMOTE_TAS_MAX}`)
    this.#runtime = runtime
    this.identity = options.identity
    this.address = options.identity.address
    this.#log = runtime.log.child({ node: this.address.toString().slice(12, 20) })
    this.#parts = assemble(runtime, this.#log, options, {
      deliver: (packet, from) => this.#deliver(packet, from),
      joined: () => this.#joined(),
      neighborsChanged: () => this.#neighborListeners.call(),
      peerUnreachable: (peer) => this.#unreachableListeners.call(peer),
    })
    this.channels = this.#parts.channels
    this.connections = this.#parts.table
    this.meet = this.#parts.meet
    this.#listenToChannels()
  }

  /** Where the node is in its life. */
  get state(): OverlayState {
    return this.#state
  }

  /** The estimated number of nodes in the ring. */
  get ringSize(): number {
    return this.#parts.keeper.ringSize
  }

  /** Whether both immediate neighbours agree with this node and nobody nearer is being linked. */
  get isRingComplete(): boolean {
    return this.#parts.keeper.isComplete
  }

  /** Counters of the packets routed. */
  get forwarderStats(): Readonly<ForwarderStats> {
    return this.#parts.forwarder.stats
  }

  /** Starts joining; resolves once the node has its place in the ring, or is the first of one. */
  start(): Promise<void> {
    if (this.#state !== 'offline') return this.connected()
    this.#state = 'joining'
    this.#parts.keeper.start()
    return this.connected()
  }

  /** Resolves once the node has its place in the ring; rejects when it leaves before. */
  connected(): Promise<void> {
    if (this.#state === 'connected') return Promise.resolve()
    return new Promise((resolve, reject) => this.#joinWaiters.push({ resolve, reject }))
  }

  /** Says goodbye to all peers and stops. */
  async leave(): Promise<void> {
    if (this.#state === 'leaving' || this.#state === 'offline') return
    this.#state = 'leaving'
    this.#parts.keeper.stop()
    this.#parts.calls.close()
    this.#parts.forwarder.close()
    const message = 'the node left the ring'
    const error = new OverlayError({ code: 'OVERLAY_NOT_RUNNING', message })
    for (const waiter of this.#joinWaiters.splice(0)) waiter.reject(error)
    await this.channels.close()
    this.#state = 'offline'
  }

  /** Returns the immediate neighbours by this node's own table. */
  neighbors(): Neighbors {
    return this.connections.neighbors()
  }

  /** Returns the near neighbours of each side, nearest first. */
  nearNeighbors(): { left: Address[]; right: Address[] } {
    const addresses = (side: readonly { address: Address }[]) =>
      side.slice(0, NEAR_PER_SIDE).map(({ address }) => address)
    return {
      left: addresses(this.connections.leftwards()),
      right: addresses(this.connections.rightwards()),
    }
  }

  /** Returns the node nearest to `position` among this node and its connections. */
  nearestTo(position: Address): Address {
    const order = compareByDistance(position)
    let best = this.address
    for (const { address } of this.connections.structured())
      if (order(address, best) < 0) best = address
    return best
  }

  /** Returns whether this node knows nobody nearer to `position`. */
  isNearest(position: Address): boolean {
    return this.nearestTo(position).equals(this.address)
  }

  /** Calls `method` on the node or nodes around `target` that `options.mode` selects; rejects with an OverlayError. */
  call(
    target: Address,
    method: string,
    args: CborValue,
    options: CallOptions = {},
  ): Promise<CallReply[]> {
    return this.#parts.calls.call(target, method, args, options)
  }

  /** Lets other nodes call `method`; `schema` checks the arguments before `handler` sees them. */
  handle<T>(method: string, schema: ArgumentSchema<T>, handler: CallHandler<T>): void {
    this.#parts.dispatch.add(method, schema, handler)
  }

  /** Sends an application message, best effort. */
  send(
    target: Address,
    protocol: string,
    payload: Uint8Array,
    mode: 'exact' | 'greedy' = 'exact',
  ): void {
    const routing = mode === 'exact' ? RoutingMode.exact : RoutingMode.greedy
    this.#parts.forwarder.send(
      target,
      routing,
      PayloadKind.message,
      encodeApplicationMessage({ protocol, payload }),
    )
  }

  /** Receives the application messages of `protocol`; one handler per protocol. */
  onMessage(protocol: string, handler: MessageHandler): void {
    this.#messageHandlers.set(protocol, handler)
  }

  /** Calls `listener` whenever the near neighbours change; returns how to stop that. */
  onNeighborsChanged(listener: () => void): () => void {
    return this.#neighborListeners.add(listener)
  }

  /** Calls `listener` whenever a session with a peer is up; returns how to stop that. */
  onPeerUp(listener: (peer: Address) => void): () => void {
    return this.#peerUpListeners.add(listener)
  }

  /** Calls `listener` whenever a peer is gone; returns how to stop that. */
  onPeerDown(listener: (peer: Address) => void): () => void {
    return this.#peerDownListeners.add(listener)
  }

  /** Calls `listener` when a peer that traffic asks for cannot be reached; returns how to stop that. */
  onPeerUnreachable(listener: (peer: Address) => void): () => void {
    return this.#unreachableListeners.add(listener)
  }

  /** Returns the peers that worked lately, newest first, to be kept over a restart. */
  rememberedPeers(): RememberedPeer[] {
    return this.#parts.remembered.list()
  }

  /** Is told that the machine's network changed: sessions stay, their paths are tried anew at once. */
  networkChanged(): void {
    this.#parts.keeper.networkChanged()
  }

  /** Asks for a session with `peer` because traffic wants to go there. */
  connectOnDemand(peer: Address): void {
    if (this.#state === 'leaving' || this.#state === 'offline') return
    this.#parts.onDemand.want(peer, this.#runtime.clock.now())
  }

  /** Returns the channel to `peer` while it is up. */
  channelTo(peer: Address): Channel | undefined {
    return this.connections.get(peer)?.channel
  }

  /** Sends an IP packet over the session with `peer`; returns false while there is none. `packet` is borrowed. */
  sendIp(peer: Address, packet: Uint8Array): boolean {
    const connection = this.connections.get(peer)
    if (!connection) return false
    this.#parts.onDemand.use(connection, this.#runtime.clock.now())
    return connection.channel.send(packet)
  }

  /** Receives the IP packets of peers. */
  onIpPacket(handler: IpPacketHandler): void {
    this.#ipHandler = handler
  }

  #joined(): void {
    if (this.#state !== 'joining') return
    this.#state = 'connected'
    this.#log.write('info', 'connected', { connections: this.connections.size })
    for (const waiter of this.#joinWaiters.splice(0)) waiter.resolve()
  }

  #listenToChannels(): void {
    this.channels.setHandlers({
      onUp: (channel) => {
        this.#parts.seeker.arrange(channel)
        this.#parts.keeper.channelUp(channel)
        if (channel.state === 'up') this.#peerUpListeners.call(channel.address)
      },
      onDown: (channel, reason) => {
        const wasConnected = this.connections.get(channel.address)?.channel === channel
        this.#parts.keeper.channelDown(channel, reason)
        if (wasConnected) this.#peerDownListeners.call(channel.address)
      },
      onFrame: (channel, frame) => this.#receiveFrame(channel, frame),
      onPathChange: (channel) => this.#parts.seeker.arrange(channel),
      onSuspect: (channel) => this.#parts.keeper.suspect(channel),
      onStatus: () => this.#parts.keeper.changed(),
    })
  }

  #receiveFrame(channel: Channel, frame: Uint8Array): void {
    const type = frame[0] ?? 0
    const version = type >> 4
    const isIp = version === 4 || version === 6 || type === FRAME_IP_PARTIAL
    if (isIp) this.#ipHandler?.(frame, channel.address)
    else if (isPacketFrame(type)) this.#parts.forwarder.receive(frame, channel.address)
    else this.#log.write('debug', 'frame of unknown type', { type })
  }

  #deliver(packet: OverlayPacket, from: Address | undefined): void {
    switch (packet.kind) {
      case PayloadKind.request:
      case PayloadKind.reply:
        return this.#parts.calls.receive(packet)
      case PayloadKind.message:
        return this.#deliverMessage(packet)
      case PayloadKind.sessionDatagram:
        return this.channels.receive(packet.payload, this.#parts.returnEdge(packet.source, from))
    }
  }

  #deliverMessage(packet: OverlayPacket): void {
    const message = decodeApplicationMessage(packet.payload)
    if (message instanceof Malformed)
      return this.#log.write('debug', 'application message malformed', { reason: message.reason })
    const handler = this.#messageHandlers.get(message.protocol)
    if (handler) handler(message.payload, packet.source)
    else this.#log.write('debug', 'nobody listens', { protocol: message.protocol })
  }
}

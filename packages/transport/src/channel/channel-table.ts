/** All channels of one node: drives its sessions over its listeners. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Clock, Instant, Log, Random } from '@ipop/runtime'
import { encodeNodeRecord, type Identity, type SessionEndpoint } from '@ipop/security'
import { steadyHint, type HelloReply, type PeerHint } from '../address/peer-hint.ts'
import type { TransportAddress } from '../address/transport-address.ts'
import type { Attachment, DatagramReceiver, Edge, HelloIdentity } from '../edge/edge.ts'
import { HelloClient } from '../hello/hello-client.ts'
import { HELLO_TIMEOUT_MS } from '../limits.ts'
import { DropCounts } from '../stats/drop-counts.ts'
import type { ReachChecks } from '../reach/reach-checks.ts'
import type { Relays } from '../relay/relays.ts'
import { DATAGRAM_HELLO_REPLY, DATAGRAM_INITIATION } from '../wire/frame-types.ts'
import { isRelayFrame } from '../wire/relay-frame.ts'
import { Alarm } from './alarm.ts'
import type { Channel } from './channel.ts'
import type { ChannelHost } from './channel-host.ts'
import { ChannelLifecycle } from './channel-lifecycle.ts'
import { ChannelRegistry } from './channel-registry.ts'
import { DataPlaneEntry } from './data-plane-entry.ts'
import { Dialer } from './dialer.ts'
import { Dialing } from './dialing.ts'
import { Reach } from './reach.ts'
import { ReentrancyGuard } from './reentrancy-guard.ts'
import { indexesFor, openSessions } from './open-sessions.ts'
import { openReachChecks } from './reach-side.ts'
import { openRelays } from './relay-side.ts'
import {
  type ChannelHandlers,
  type ChannelObserver,
  type ChannelTableOptions,
  type ChannelTableRuntime,
  type ChannelTableStats,
  noHandlers,
} from './types.ts'

/** The channels of one node. One runtime timer serves them all. */
export class ChannelTable implements DatagramReceiver {
  readonly address: Address
  readonly identity: Identity
  /** Told what happens; set with `setHandlers`. */
  handlers: ChannelHandlers = noHandlers
  /** How this node can be reached, as far as it knows. */
  readonly reach: Reach
  /** Tells who is let in to this node, and helps others to learn it. */
  readonly reachChecks: ReachChecks
  /** For a data plane that opens and carries frames by itself. */
  readonly dataPlane: DataPlaneEntry
  /** Paths through third nodes, for this node and for others. */
  readonly relays: Relays
  /** The status byte that everybody is told who says hello, and that new channels begin with. */
  status = 0
  readonly #clock: Clock
  readonly #sessions: SessionEndpoint<Edge>
  readonly #channels: ChannelRegistry
  readonly #dialer: Dialer
  readonly #hellos: HelloClient
  readonly #drops = new DropCounts()
  readonly #attachments: Attachment[]
  readonly #guard = new ReentrancyGuard((datagram, edge) => this.#handle(datagram, edge))
  readonly #alarm: Alarm
  readonly #host: ChannelHost
  readonly #lifecycle: ChannelLifecycle
  readonly #dialing: Dialing
  #hint: PeerHint | undefined
  #isClosed = false

  constructor(runtime: ChannelTableRuntime, options: ChannelTableOptions) {
    const { identity, listeners, observer, mapped } = options
    const { clock, names } = runtime
    const log = runtime.log.child({ node: identity.address.toString() })
    const random = runtime.random.fork('channels')
    const wallTimeMs = () => clock.wallTimeMs()
    this.identity = identity
    this.address = identity.address
    this.#clock = clock
    this.#channels = new ChannelRegistry(options.channelsMax)
    this.#sessions = openSessions(this, { log, random, wallTimeMs }, options)
    const dialer = (this.#dialer = new Dialer({ names, log }, { listeners }))
    this.reach = new Reach({ ...runtime, log }, { dialer, listeners, receiver: this, mapped })
    const hello = { random: random.fork('hello'), wallTimeMs }
    const recordBytes = encodeNodeRecord(this.#sessions.record).length
    this.#hellos = new HelloClient(hello, { asker: this.address, recordBytes })
    this.#alarm = new Alarm(runtime, 'channels', (now) => this.#handleTimeout(now))
    this.#host = this.#channelHost({ random: random.fork('probes'), log }, observer)
    const shared = {
      sessions: this.#sessions,
      channels: this.#channels,
      host: this.#host,
      handlers: () => this.handlers,
    }
    const noteMachinePeer = (key: string) => dialer.noteMachinePeer(key)
    const { address } = this
    const drops = this.#drops
    this.#lifecycle = new ChannelLifecycle({ ...shared, log, address, drops, noteMachinePeer })
    const { timers } = runtime
    this.#dialing = new Dialing({ ...shared, dialer, timers, isClosed: () => this.#isClosed })
    const indexes = indexesFor(this, random, options)
    const deliver = (datagram: Uint8Array, edge: Edge) => this.#handle(datagram, edge)
    this.reachChecks = openReachChecks(runtime, { ...shared, random: random.fork('reach') })
    this.relays = openRelays({ ...shared, indexes, deliver, observer }, options.relay)
    this.dataPlane = new DataPlaneEntry({ ...shared, run: (task) => this.#run(task) })
    this.#attachments = listeners.map((listener) => listener.attach(this, options.path))
  }

  /** Decides whether endpoints on an IP literal may be used or offered; all by default. */
  get isAddressAllowed(): (host: string) => boolean {
    return this.#dialer.isAddressAllowed
  }

  set isAddressAllowed(isAllowed: (host: string) => boolean) {
    this.#dialer.isAddressAllowed = isAllowed
  }

  /** Replaces the handlers named in `handlers`. */
  setHandlers(handlers: Partial<ChannelHandlers>): void {
    this.handlers = { ...this.handlers, ...handlers }
  }

  /**
   * Returns the channel to a peer, dialling when there is none; otherwise its new endpoints become candidates.
   * When nothing can be dialled, the channel returned goes down at once, and `onDown` says so after this call.
   * `introducer` is the peer that named the endpoints.
   */
  dial(hint: PeerHint, introducer?: Address): Channel {
    const now = this.#clock.now()
    const channel = this.#dialing.dial(hint, introducer, now)
    this.#drain(now)
    return channel
  }

  /** Returns the channel to `address`, connecting or up. */
  channel(address: Address): Channel | undefined {
    return this.#channels.get(address)
  }

  /** Lists all channels. */
  channels(): Iterable<Channel> {
    return this.#channels.values()
  }

  /** Returns what others need to dial this node: local and reflexive addresses. */
  hintOf(): PeerHint {
    const { sessionKey } = this.#sessions.record
    const now = { address: this.address, sessionKey, endpoints: this.reach.endpoints() }
    return (this.#hint = steadyHint(this.#hint, now))
  }

  /** Asks who is behind `ta`; resolves undefined after `timeoutMs` without a verified answer. */
  hello(ta: TransportAddress, timeoutMs = HELLO_TIMEOUT_MS): Promise<HelloReply | undefined> {
    const now = this.#clock.now()
    if (this.#isClosed) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const addEdge = this.#hellos.ask({ path: ta.path, giveUpAt: now + timeoutMs }, resolve, now)
      if (!addEdge) {
        this.#drops.count('hello: too many')
        return resolve(undefined)
      }
      this.#dialer.dial(ta.withoutPath(), addEdge)
      this.#wakeAtTimeouts()
    })
  }

  /** Handles a datagram that came over an edge. `datagram` is borrowed until the call returns. */
  receive(datagram: Uint8Array, edge: Edge): void {
    if (this.#isClosed) return
    if (!this.#guard.run(datagram, edge)) this.#drops.count('reentrant')
  }

  claims(datagram: Uint8Array): boolean {
    if (datagram[0] === DATAGRAM_INITIATION) return this.#sessions.ownsMac1(datagram)
    return datagram[0] === DATAGRAM_HELLO_REPLY && this.#hellos.owns(datagram)
  }

  ownsIndex(index: number): boolean {
    return this.#sessions.ownsIndex(index) || this.relays.ownsChannel(index)
  }

  helloIdentity(): HelloIdentity {
    const record = encodeNodeRecord(this.#sessions.record)
    return { record, status: this.status, endpoints: this.reach.endpoints() }
  }

  /** Counts channels, traffic and drops. */
  stats(): ChannelTableStats {
    const { dropsOut, ...totals } = this.#channels.totals()
    const drops = { ...this.#drops.snapshot(), ...this.#sessions.drops, unsent: dropsOut }
    return { channels: this.#channels.size, ...totals, drops }
  }

  /** Tells all peers, then forgets everything. The listeners stay open: they may serve other nodes. */
  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    for (const channel of [...this.#channels.values()]) channel.close()
    this.#drain(this.#clock.now())
    this.#isClosed = true
    this.#alarm.cancel()
    this.#hellos.close()
    this.reach.close()
    this.reachChecks.close()
    for (const attachment of this.#attachments) attachment.detach()
    return Promise.resolve()
  }

  #run(task: (now: Instant) => void): void {
    if (this.#isClosed) return
    this.#guard.runTask(() => {
      task(this.#clock.now())
      this.#drain(this.#clock.now())
    })
  }

  #handle(datagram: Uint8Array, edge: Edge): void {
    const now = this.#clock.now()
    if (datagram[0] === DATAGRAM_HELLO_REPLY) return this.#handleHelloReply(datagram, edge)
    if (isRelayFrame(datagram)) return this.relays.receive(datagram, edge, now)
    this.#sessions.handleDatagram(datagram, edge, now)
    this.#drain(now)
  }

  #handleHelloReply(datagram: Uint8Array, edge: Edge): void {
    const reply = this.#hellos.handleReply(datagram, edge)
    if (reply instanceof Malformed) return this.#drops.count(reply.reason)
    this.reach.observe(reply.observed, reply.hint.address, edge)
  }

  #handleTimeout(now: Instant): void {
    if (this.#isClosed) return
    this.#sessions.handleTimeout(now)
    this.#hellos.handleTimeout(now)
    this.relays.handleTimeout(now)
    let next = Number.POSITIVE_INFINITY
    for (const channel of this.#channels.values()) {
      if (channel.dueAt <= now) {
        if (channel.pollTimeout() <= now) channel.handleTimeout(now)
        channel.dueAt = channel.pollTimeout()
      }
      if (channel.dueAt < next && channel.state !== 'down') next = channel.dueAt
    }
    this.#drain(now)
    this.#alarm.wake(Math.min(next, this.relays.pollTimeout()))
  }

  /** Carries out what the sessions want: events first, since they may cause datagrams. */
  #drain(now: Instant): void {
    for (let event = this.#sessions.pollEvent(); event; event = this.#sessions.pollEvent()) {
      this.#lifecycle.handleEvent(event, now)
    }
    this.#transmit()
    this.#wakeAtTimeouts()
  }

  #transmit(): void {
    for (let t = this.#sessions.pollTransmit(); t; t = this.#sessions.pollTransmit()) {
      if (t.to) t.to.send(t.bytes)
      else if (t.session) this.#channels.bySession(t.session)?.sendUnrouted(t.bytes)
    }
  }

  #wakeForSessions(): void {
    const sessions = this.#sessions.pollTimeout()
    if (sessions && !this.#isClosed) this.#alarm.wake(sessions.at)
  }

  #wakeAtTimeouts(): void {
    if (this.#isClosed) return
    this.#wakeForSessions()
    const hellos = this.#hellos.pollTimeout()
    if (hellos !== undefined) this.#alarm.wake(hellos)
  }

  #channelHost(own: { random: Random; log: Log }, observer?: ChannelObserver): ChannelHost {
    return {
      ...own,
      address: this.address,
      now: () => this.#clock.now(),
      status: () => this.status,
      // Sealing may have begun a rekey.
      sealed: () => {
        this.#transmit()
        this.#wakeForSessions()
      },
      wake: (at) => this.#isClosed || this.#alarm.wake(at),
      dial: (ta, onEdge) => this.#dialer.dial(ta, onEdge),
      reach: this.reach,
      observed: (from, observed, edge) => this.reach.observe(observed, from.address, edge),
      activeEdgeChanged: (of) => {
        observer?.activeEdgeChanged(of.address, of.activeEdge, of.datagramBytesMax)
        this.relays.channelMoved(of)
      },
      relayControl: (from, frame) => this.relays.receiveControl(from, frame, this.#clock.now()),
      reachCheck: (from, frame, edge) => this.reachChecks.receive(from, frame, edge),
      drop: (reason) => this.#drops.count(reason),
      down: (channel, reason) => this.#lifecycle.down(channel, reason),
      handlers: () => this.handlers,
    }
  }
}

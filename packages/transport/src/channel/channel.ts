/** One peer: its session and the paths that carry it. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import type { NodeRecord, Session } from '@ipop/security'
import type { PeerHint } from '../address/peer-hint.ts'
import type { TransportAddress } from '../address/transport-address.ts'
import type { Edge } from '../edge/edge.ts'
import { IDLE_PROBE_MS } from '../limits.ts'
import { decodeProbe, encodeClose } from '../wire/control-frames.ts'
import * as frames from '../wire/frame-types.ts'
import type { ChannelHost, ChannelOptions } from './channel-host.ts'
import { addCounters, countSent, newCounters } from './channel-counters.ts'
import { hintOf } from './channel-hint.ts'
import { Liveness } from './liveness.ts'
import { ChannelSide, type PathStart } from './path-host.ts'
import { PathManager } from './path-manager.ts'
import { StatusByte } from './status-byte.ts'
import type { CarriedTraffic, ChannelCounters, ChannelState } from './types.ts'

/** A peer's session over all its paths, one of them active. Made by `ChannelTable`. */
export class Channel {
  /** The peer. */
  readonly address: Address
  /** Whether this end dialled. */
  readonly isInitiator: boolean
  /** Traffic so far. */
  readonly counters: ChannelCounters = newCounters()
  /** The session under the channel. For the channel table. */
  session: Session<Edge>
  /** What waits for an answer, to be sent over new edges too. For its paths. */
  initiation: Uint8Array | undefined
  /** Nothing is to be done before. For the channel table, which looks at this first: a channel is many objects. */
  dueAt: Instant = Number.POSITIVE_INFINITY
  /** The peer's status byte. */
  remoteStatus = 0
  /** Its paths at work. For the channel table and for reports. */
  readonly ways: PathManager
  readonly #host: ChannelHost
  readonly #liveness: Liveness
  readonly #status: StatusByte
  #state: ChannelState = 'connecting'
  #hint: PeerHint | undefined
  /** Whether the peer sent something that nothing was sent after. */
  #owesAnswer = false

  constructor(host: ChannelHost, options: ChannelOptions) {
    this.#host = host
    this.address = options.address
    this.session = options.session
    this.isInitiator = options.isInitiator
    const isFirst = host.address.compare(options.address) < 0
    this.#liveness = new Liveness(host, { idleProbeMs: IDLE_PROBE_MS, isFirst, now: host.now() })
    this.#status = new StatusByte(host.status())
    this.ways = new PathManager(host, new ChannelSide(host, this))
  }

  /** The peer's verified record, once the handshake brought it. */
  get record(): NodeRecord | undefined {
    return this.session.peer.record
  }

  /** What is known for dialling the peer again: its endpoints, working ones first. */
  get hint(): PeerHint {
    return (this.#hint = hintOf(this, this.#hint))
  }

  /** Where the channel is in its life. */
  get state(): ChannelState {
    return this.#state
  }

  /** The path that carries frames now. */
  get activeEdge(): Edge | undefined {
    return this.ways.paths.active?.edge
  }

  /** Every path known, usable or not. */
  get edges(): Edge[] {
    return [...this.ways.paths.values()].map((path) => path.edge)
  }

  /** Smoothed round trip of the active path; undefined before the first measurement. */
  get rttMs(): number | undefined {
    return this.ways.paths.active?.rtt.smoothedMs
  }

  /** The longest datagram that the active path carries whole, where that was asked. */
  get datagramBytesMax(): number | undefined {
    return this.ways.paths.active?.mtu?.datagramBytesMax
  }

  /** When an authenticated datagram last came. */
  get lastHeardAt(): Instant {
    return this.#liveness.lastHeardAt
  }

  /** Whether probes are being missed. */
  get isSuspect(): boolean {
    return this.#liveness.isSuspect
  }

  /** When the peer last answered after a probe was missed: something on the way loses packets. */
  get recoveredAt(): Instant {
    return this.#liveness.recoveredAt
  }

  /** The status byte told to the peer; setting it tells the peer within a second. */
  get localStatus(): number {
    return this.#status.local
  }

  set localStatus(status: number) {
    this.#status.set(status, this.#liveness.isFirst, this.#host.now())
    if (this.#state === 'up') this.wake(this.#status.dueAt)
  }

  /** Asks for a call of `handleTimeout`. For its paths. */
  wake(at: Instant): unknown {
    if (at < this.dueAt) this.dueAt = at
    return this.#host.wake(at)
  }

  /** Sets after how much silence the peer is probed. */
  watch(idleProbeMs: number): void {
    if (this.#liveness.watch(idleProbeMs)) this.wake(this.pollTimeout())
  }

  /** Adds a path to try. */
  addEdge(edge: Edge): void {
    if (this.#state !== 'down') this.ways.addEdge(edge, this.#host.now())
  }

  /** Adds endpoints to try. For the channel table, which has checked them. */
  addEndpoints(endpoints: readonly TransportAddress[]): void {
    if (this.#state !== 'down') this.ways.addEndpoints(endpoints, this.#host.now())
  }

  /** Returns whether something authentic came over `edge`, which leads here without a node in between. For relays. */
  hasProven(edge: Edge): boolean {
    return this.#state === 'up' && this.ways.paths.hasProven(edge)
  }

  /** Notes that an edge closed by itself: if it was the active one, another takes over or the owner is told. */
  edgeClosed(edge: Edge): void {
    if (this.#state !== 'up' || this.activeEdge !== edge) return
    if (this.ways.activeEdge(this.#host.now())) return
    this.#host.activeEdgeChanged(this)
    this.#host.handlers().onPathChange(this)
  }

  /** Sends a frame over the active path; returns false when it was dropped. `frame` is borrowed until the call returns. */
  send(frame: Uint8Array): boolean {
    const now = this.#host.now()
    const edge = this.#state === 'up' ? this.ways.activeEdge(now) : undefined
    const datagram = edge && this.session.seal(frame, now)
    if (!datagram) {
      this.counters.dropsOut++
      return false
    }
    this.#owesAnswer = false
    countSent(this.counters, frame)
    const isSent = edge.send(datagram)
    this.wake(this.#liveness.sent(now))
    this.#host.sealed()
    return isSent
  }

  /** Pings the peer now. */
  probe(): void {
    if (this.#state !== 'up') return
    const now = this.#host.now()
    this.ways.pingActive(now)
    if (!this.#liveness.isProbing) this.#armLiveness(now)
  }

  /** Tells the peer and forgets the channel; `onDown` is called with 'closed'. */
  close(): void {
    if (this.#state === 'down') return
    const datagram = this.#state === 'up' && this.session.seal(encodeClose(), this.#host.now())
    if (datagram) for (const path of this.ways.paths.inOrder()) path.edge.send(datagram)
    this.#host.down(this, 'closed')
  }

  /** Begins to carry frames. For the channel table. */
  markUp(edge: Edge, handshake: PathStart, now: Instant): void {
    this.#state = 'up'
    this.initiation = undefined
    this.#liveness.heard(now)
    this.ways.start(edge, handshake, now)
    this.#host.activeEdgeChanged(this)
    this.wake(this.pollTimeout())
  }

  /** Ends for good. For the channel table. */
  markDown(): void {
    this.#state = 'down'
    this.ways.close()
    this.#host.activeEdgeChanged(this)
    this.session.close(this.#host.now())
  }

  /** Sends a datagram of the session itself that has no path yet. For the channel table. */
  sendUnrouted(datagram: Uint8Array): void {
    // An empty keepalive after nothing but pings and pongs would tell the peer nothing new.
    if (datagram[0] === frames.DATAGRAM_DATA && !this.#owesAnswer) return
    this.#owesAnswer = false
    if (this.#state === 'connecting') this.initiation = datagram.slice()
    else if (this.activeEdge?.isOpen && this.#liveness.misses === 0)
      return void this.activeEdge.send(datagram)
    this.ways.paths.sendOnAll(datagram, { isThrifty: this.#state === 'up' })
  }

  /** Handles an authenticated frame, or an empty keepalive. For the channel table. */
  receive(frame: Uint8Array, edge: Edge, now: Instant): void {
    this.#liveness.heard(now)
    this.counters.packetsIn++
    this.counters.bytesIn += frame.length
    const type = frame[0]
    if (type === frames.FRAME_PING || type === frames.FRAME_PONG)
      return this.#receiveProbe(frame, edge, now)
    if (type === frames.FRAME_CLOSE) return this.#host.down(this, 'closed by peer')
    if (type === frames.FRAME_REACH_CHECK) return this.#host.reachCheck(this, frame, edge)
    this.ways.heard(edge, type !== undefined, now)
    if (type === undefined) return
    if (type === frames.FRAME_PATH_OFFER) return void this.ways.punch.receive(frame, now)
    this.#owesAnswer = true
    if (type === frames.FRAME_RELAY_CONTROL) return this.#host.relayControl(this, frame)
    this.#host.handlers().onFrame(this, frame)
  }

  /** Notes that frames came over `edge` and went their way. For the channel table. */
  heard(edge: Edge, now: Instant): void {
    this.#liveness.heard(now)
    this.ways.heard(edge, true, now)
    this.#owesAnswer = true
  }

  /** Counts frames that a data plane sealed and opened. For the channel table. */
  carried(traffic: CarriedTraffic): void {
    addCounters(this.counters, { ...traffic, dropsOut: 0 })
    if (traffic.packetsOut > 0) this.#owesAnswer = false
    if (traffic.packetsOut === 0 || traffic.packetsIn > 0) return
    this.wake(this.#liveness.sent(this.#host.now()))
    // Unanswered, and perhaps because a relay is gone.
    this.ways.activeEdge(this.#host.now())
  }

  /** Returns when `handleTimeout` wants to be called. */
  pollTimeout(): Instant {
    const at = this.ways.pollTimeout()
    return this.#state === 'up'
      ? Math.min(at, this.#liveness.pollTimeout(), this.#status.dueAt)
      : at
  }

  /** Does what is due. For the channel table. */
  handleTimeout(now: Instant): void {
    this.ways.handleTimeout(now)
    if (this.#state !== 'up') return
    if (this.#status.takeDue(now)) this.probe()
    this.#checkLiveness(now)
  }

  #checkLiveness(now: Instant): void {
    const { isUnanswered } = this.#liveness
    const advice = this.#liveness.handleTimeout(now)
    if (advice === undefined) return
    if (advice === 'lost') return this.#host.down(this, 'lost')
    if (advice === 'probe' && isUnanswered) this.ways.mtu.doubt(now)
    if (advice === 'probe') this.ways.pingActive(now)
    else this.ways.pingAll(now, { withCandidates: advice === 'suspect' })
    // A peer that restarted has no key for our probes, but answers a new handshake.
    if (this.#liveness.isNearlyLost(now)) this.session.connect(now)
    this.#armLiveness(now)
    if (advice === 'suspect') this.#host.handlers().onSuspect(this)
  }

  #armLiveness(now: Instant): void {
    const rtt = this.ways.paths.active?.rtt
    const missAt = now + (rtt?.timeoutMs(this.#liveness.backoff) ?? IDLE_PROBE_MS / 10)
    this.#liveness.probeSent(missAt)
    this.wake(missAt)
  }

  #receiveProbe(frame: Uint8Array, edge: Edge, now: Instant): void {
    const probe = decodeProbe(frame)
    if (probe instanceof Malformed) return this.#host.drop(probe.reason)
    const path = this.ways.heard(edge, probe.isActive && probe.kind === 'ping', now)
    if (!path) return this.#host.drop('no room for path')
    if (probe.kind === 'ping') this.ways.answer(probe, path, now)
    const rttMs = probe.kind === 'pong' ? this.ways.pong(probe, path, now) : undefined
    this.#status.probed(probe, rttMs, now)
    if (probe.observed && edge.kind === 'udp') this.#host.observed(this, probe.observed, edge)
    if (this.#state === 'down' || probe.status === this.remoteStatus) return
    this.remoteStatus = probe.status
    this.#host.handlers().onStatus(this)
  }
}

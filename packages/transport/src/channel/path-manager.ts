/** Finds, probes and chooses the paths of one channel. */
import type { Instant, Random } from '@ipop/runtime'
import type { TransportAddress } from '../address/transport-address.ts'
import type { Edge } from '../edge/edge.ts'
import { GOOD_PATH_RTT_MS, RELAY_SILENCE_MS, SEARCH_INTERVAL_MIN_MS } from '../limits.ts'
import type { Probe } from '../wire/control-frames.ts'
import type { HolePunch } from '../nat/hole-punch.ts'
import { type EndpointCandidate, EndpointCandidates } from './endpoint-candidates.ts'
import { MtuSearch } from './mtu-search.ts'
import { type Path, rankOf } from './path.ts'
import { MISMATCH_CHECK_MS, PathSearch, SEARCH_AGAIN_MS, SEARCH_JOIN_MS } from './path-search.ts'
import type { PathHost, PathStart } from './path-host.ts'
import { PathSet } from './path-set.ts'
import { PeerPath } from './peer-path.ts'
import { sendProbe } from './probes.ts'
import { punchingFor } from './punching.ts'

/** The paths of one channel at work. */
export class PathManager {
  readonly paths = new PathSet()
  readonly #random: Random
  readonly #host: PathHost
  readonly #search: PathSearch
  readonly #candidates = new EndpointCandidates()
  #isSearching = false
  #isClosed = false
  #lastRoundAt: Instant = Number.NEGATIVE_INFINITY
  readonly #peerPath = new PeerPath()
  #mtu: MtuSearch | undefined
  #punch: HolePunch | undefined

  constructor({ random }: { random: Random }, host: PathHost) {
    this.#random = random
    this.#host = host
    this.#search = new PathSearch({ random })
  }

  /** Made when it is first needed: most sockets cannot ask for sizes. */
  get mtu(): MtuSearch {
    const ping = (path: Path, now: Instant) => this.ping(path, now)
    return (this.#mtu ??= new MtuSearch({ random: this.#random, ping }, this.#host))
  }

  /** Made when it is first needed: most channels have a direct path from the start. */
  get punch(): HolePunch {
    return (this.#punch ??= punchingFor(this, this.#host, this.#random))
  }

  /** The endpoints that the peer is said to have. */
  get endpointCandidates(): Iterable<EndpointCandidate> {
    return this.#candidates.values()
  }

  /** Adds a path to try. */
  addEdge(edge: Edge, now: Instant): void {
    const isNew = this.paths.get(edge.id) === undefined
    const path = this.paths.add(edge, now)
    if (!path || !isNew) return
    this.#host.edgeAdded(edge)
    if (this.#isSearching) this.ping(path, now)
    this.#host.wake(this.pollTimeout())
  }

  /** Adds endpoints to try: UDP at once, TCP a little later. */
  addEndpoints(endpoints: readonly TransportAddress[], now: Instant): void {
    const isNew = this.#candidates.add(endpoints, now, this.#host.reach.tcpDelayMs())
    const isDirect = this.paths.active?.edge.kind === 'udp'
    // Being asked again for a channel without a direct path is a reason to look for one now.
    if (!isNew && (isDirect || now - this.#lastRoundAt < SEARCH_AGAIN_MS)) return
    this.#dialDue(now)
    if (this.#isSearching) this.#search.restart(now)
    this.#host.wake(this.pollTimeout())
  }

  /** Begins with the path over which the handshake was completed: it carried a round trip. */
  start(edge: Edge, { asInitiator, rttMs }: PathStart, now: Instant): void {
    this.#isSearching = true
    const path = this.paths.add(edge, now)
    if (path) {
      edge.hold?.()
      path.state = 'confirmed'
      path.lastHeardAt = now
      this.paths.activate(path, now)
      if (rttMs !== undefined) path.rtt.update(rttMs)
      // That confirms the key; the responder has measured the path already.
      if (asInitiator && !edge.isLocal) this.ping(path, now)
      this.#followMtu(path, now)
    }
    this.#search.restart(now)
    this.#host.wake(this.pollTimeout())
  }

  /** Notes an authenticated datagram; `isFrame` when it shows that the peer sends its frames here. */
  heard(edge: Edge, isFrame: boolean, now: Instant): Path | undefined {
    const path = this.paths.get(edge.id) ?? this.#adopt(edge, now)
    if (!path) return undefined
    if (path.edge !== edge) {
      path.edge = edge
      edge.hold?.()
    }
    path.lastHeardAt = now
    if (path !== this.paths.active) this.#heardElsewhere(path, isFrame, now)
    return path
  }

  /** Answers a ping on the path it came by. */
  answer(ping: Probe, path: Path, now: Instant): void {
    const isTelling = ping.observed !== undefined
    // It asks again until it hears.
    if (isTelling) path.told(now)
    const isActive = path === this.paths.active
    const answer = { kind: 'pong', id: ping.id, path, isActive, isSearching: false } as const
    sendProbe(this.#host, { ...answer, isTelling })
    if (ping.isSearching) this.joinSearch(now)
  }

  /** Tries all candidates because the peer does. */
  joinSearch(now: Instant): void {
    if (now - this.#lastRoundAt > SEARCH_JOIN_MS) this.#searchRound(now, false)
  }

  /** Takes a pong into account; returns the round trip when it answers a ping of this path. */
  pong(pong: Probe, path: Path, now: Instant): number | undefined {
    if (this.#mtu?.pong(pong.id, path, now) === true) return undefined
    const rttMs = path.pongReceived(pong.id, now)
    if (rttMs !== undefined) this.reselect(now)
    return rttMs
  }

  /** Pings one path. */
  ping(path: Path, now: Instant, isSearching = false): void {
    if (!path.edge.isOpen || path.lastPingAt === now) return
    const id = this.#random.uint32()
    const isActive = path === this.paths.active
    const probe = { kind: 'ping', id, path, isActive, isSearching } as const
    if (!sendProbe(this.#host, { ...probe, isTelling: path.isTelling(now) })) return
    path.pingSent(id, now)
    if (path.missAt !== undefined) this.#host.wake(path.missAt)
  }

  /** Pings the active path. */
  pingActive(now: Instant): void {
    const active = this.#openActive(now)
    if (active) this.ping(active, now)
  }

  /** Pings the active path and all others over which the peer was heard, or really all. */
  pingAll(now: Instant, { withCandidates }: { withCandidates: boolean }): void {
    if (withCandidates) this.#dialDue(now)
    for (const path of this.paths.values())
      if ((withCandidates || path.state !== 'candidate') && path.mayBePinged(now))
        this.ping(path, now)
  }

  /** Starts over because this end's network changed: whatever worked has to prove itself again. */
  networkChanged(): void {
    const now = this.#host.now()
    if (this.paths.active?.edge.isLocal) return
    this.paths.askAll()
    this.#searchRound(now, true)
    this.pingActive(now)
    this.paths.demoteAll()
    this.#search.restart(now + SEARCH_INTERVAL_MIN_MS)
    this.#host.wake(this.pollTimeout())
  }

  /** Returns the edge for the next frame. */
  activeEdge(now: Instant): Edge | undefined {
    const active = this.#openActive(now)
    if (active && rankOf(active.edge.kind) >= rankOf('relay')) this.#checkRelay(active, now)
    return active?.edge
  }

  /** Chooses the active path anew. */
  reselect(now: Instant): void {
    const { active } = this.paths
    const moved = this.#peerPath.movedTo(active)
    if (moved) active?.demote()
    const next = moved ?? this.paths.choose()
    if (!next || next === active) return
    this.paths.activate(next, now)
    this.#followMtu(next, now)
    this.#peerPath.clear()
    if (next.edge.kind === 'udp') this.#search.calm()
    else this.#search.restart(now)
    this.#host.wake(this.pollTimeout())
    if (active?.edge.isOpen) this.ping(active, now)
    this.#host.note('path changed', { from: active?.edge.id, to: next.edge.id })
    this.#host.activePathChanged()
  }

  /** Returns when `handleTimeout` wants to be called. */
  pollTimeout(): Instant {
    const { onlyEdge } = this.paths
    const isSearching = onlyEdge === undefined || !this.#candidates.isOnly(onlyEdge)
    let at = this.#candidates.pollTimeout()
    if (isSearching) at = Math.min(at, this.#search.pollTimeout())
    at = Math.min(at, this.#punch?.pollTimeout() ?? at, this.#mtu?.pollTimeout() ?? at)
    return Math.min(at, this.paths.pollTimeout())
  }

  /** Counts misses, searches, dials what is due. */
  handleTimeout(now: Instant): void {
    this.#punch?.handleTimeout(now)
    this.#mtu?.handleTimeout(now)
    let isLost = false
    for (const path of this.paths.values()) {
      const misses = path.misses
      isLost = path.handleTimeout(now) || isLost
      // One lost ping decides nothing, but frames are at stake: ask again at once.
      if (path.misses > misses && path.isUsable && path === this.paths.active) this.ping(path, now)
    }
    if (isLost) this.#search.restart(now)
    if (isLost) this.reselect(now)
    if (this.#candidates.pollTimeout() <= now) this.#dialDue(now)
    const isDirect = this.paths.active?.edge.kind === 'udp'
    if (this.#search.handleTimeout(now, { isDirect })) this.#searchRound(now, true)
  }

  /** Gives all edges up. */
  close(): void {
    this.#isClosed = true
    for (const path of this.paths.values()) path.edge.close()
    this.paths.clear()
  }

  /** Frames that go through others unanswered cause a ping: nobody else notices that a relay is gone. */
  #checkRelay(active: Path, now: Instant): void {
    if (now - Math.max(active.lastHeardAt, active.lastPingAt) < RELAY_SILENCE_MS) return
    this.ping(active, now)
  }

  #openActive(now: Instant): Path | undefined {
    const { active } = this.paths
    if (active?.edge.isOpen) return active
    this.paths.removeClosed()
    this.reselect(now)
    // The probes of a round may need this channel, and those of that one the first: neither may set the other off at once.
    const isNews = active !== undefined || now - this.#lastRoundAt >= SEARCH_AGAIN_MS
    if (this.paths.active || !this.#isSearching || !isNews) return this.paths.active
    this.#search.restart(now)
    this.#host.wake(now)
    return undefined
  }

  #followMtu(path: Path, now: Instant): void {
    // A relayed path may get another carrier, which can.
    const canAsk = path.edge.canSendWhole === true || path.edge.kind === 'relay'
    if (this.#mtu !== undefined || canAsk) this.mtu.follow(path, now)
  }

  #adopt(edge: Edge, now: Instant): Path | undefined {
    const path = this.paths.add(edge, now)
    if (path) edge.hold?.()
    if (path) this.#host.wake(this.pollTimeout())
    return path
  }

  #heardElsewhere(path: Path, isFrame: boolean, now: Instant): void {
    if (path.state === 'candidate') path.state = 'heard'
    const { active } = this.paths
    const isNews = isFrame && this.#peerPath.note(path, active, now)
    const isInDoubt = isNews || path.state !== 'confirmed'
    if (isInDoubt && now - path.lastPingAt >= path.rtt.timeoutMs(path.misses)) {
      this.ping(path, now)
    }
    if (isFrame && active && now - active.lastPingAt >= MISMATCH_CHECK_MS) this.ping(active, now)
  }

  #searchRound(now: Instant, isAnnounced: boolean): void {
    this.#lastRoundAt = now
    this.paths.removeClosed()
    this.#dialDue(now)
    const { active } = this.paths
    if (active?.edge.isLocal) return
    for (const path of this.paths.values())
      if (path !== active && path.mayBePinged(now)) this.ping(path, now)
    // The peer opens its NAT towards us only if it searches at the same time.
    if (!isAnnounced || !active || active.edge.kind === 'udp') return
    this.ping(active, now, true)
    this.punch.offer(now)
  }

  #dialDue(now: Instant): void {
    const active = this.paths.active
    const rank = active?.isUsable ? rankOf(active.edge.kind) : Number.POSITIVE_INFINITY
    const rttMs = active?.edge.isLocal ? 0 : (active?.rtt.smoothedMs ?? Infinity)
    const isGood = rank === rankOf('udp') && rttMs < GOOD_PATH_RTT_MS
    const due = this.#candidates.takeDue(now, {
      isWanted: (ta) => (ta.kind === 'udp' ? !isGood : rank > rankOf('tcp')),
    })
    for (const candidate of due) {
      this.#host.dial(candidate.ta, (edge) => {
        candidate.edge = edge
        if (this.#isClosed) edge.close()
        else this.addEdge(edge, this.#host.now())
      })
    }
  }
}

/** The relay in the middle: agrees on channels with both ends, and forwards what it cannot read. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import type { Edge } from '../edge/edge.ts'
import {
  RELAY_ACCEPT_MS,
  RELAY_BURST_BYTES,
  RELAY_BYTES_PER_SECOND,
  RELAY_CONNECT_MS,
  RELAY_CONNECTS_MAX,
  RELAY_IDLE_MS,
  RELAY_ROW_BURST_BYTES,
  RELAY_ROW_BYTES_PER_SECOND,
  RELAY_SWEEP_MS,
} from './limits.ts'
import { encodeRelayControl, type RelayControl, type RelayRefusal } from '../wire/relay-control.ts'
import { RELAY_FRAME_OVERHEAD, type RelayFrame } from '../wire/relay-frame.ts'
import { directEdgeOf, type RelayChannel, type RelayHost, sendOn } from './relay-host.ts'
import { otherSide, type RelayPair, RelayPairs, type RelaySide } from './relay-pairs.ts'
import type { RelayPlane } from './relay-plane.ts'
import { type ByteRate, TokenBucket } from './token-bucket.ts'

/** How a node relays for others. */
export interface RelayOptions {
  /** Whether it does at all; true by default. */
  readonly isEnabled?: boolean
  /** What each direction of a pair may use. */
  readonly rowRate?: ByteRate
  /** What all pairs together may use. */
  readonly totalRate?: ByteRate
  /** Carries rows without JavaScript. */
  readonly plane?: RelayPlane | undefined
}

/** What a relay has done. */
export interface RelayStats {
  readonly pairs: number
  readonly frames: number
  readonly bytes: number
}

type Message<K extends RelayControl['kind']> = Extract<RelayControl, { kind: K }>

const ROW_RATE: ByteRate = {
  bytesPerSecond: RELAY_ROW_BYTES_PER_SECOND,
  burstBytes: RELAY_ROW_BURST_BYTES,
}
const TOTAL_RATE: ByteRate = {
  bytesPerSecond: RELAY_BYTES_PER_SECOND,
  burstBytes: RELAY_BURST_BYTES,
}

/** The pairs of one relay. */
export class RelayService {
  /** Connects with a node that somebody wants to be relayed to; set by the layer that can. */
  connect: ((target: Address) => void) | undefined
  readonly #host: RelayHost
  readonly #isEnabled: boolean
  readonly #rowRate: ByteRate
  readonly #total: TokenBucket
  readonly #plane: RelayPlane | undefined
  readonly #pairs: RelayPairs
  #sweepAt: Instant = Number.POSITIVE_INFINITY
  #frames = 0
  #bytes = 0

  constructor(host: RelayHost, options: RelayOptions = {}) {
    this.#host = host
    this.#isEnabled = options.isEnabled ?? true
    this.#rowRate = options.rowRate ?? ROW_RATE
    this.#total = new TokenBucket(options.totalRate ?? TOTAL_RATE, host.now())
    this.#plane = options.plane
    this.#plane?.setQuota(options.totalRate ?? TOTAL_RATE)
    this.#pairs = new RelayPairs(host, this.#rowRate)
  }

  /** Counts what it forwarded. */
  get stats(): RelayStats {
    return { pairs: this.#pairs.size, frames: this.#frames, bytes: this.#bytes }
  }

  /** Returns the row of frames that carry `channel`. */
  row(channel: number): RelaySide | undefined {
    return this.#pairs.side(channel)
  }

  /** Answers a node that wants to reach another. */
  opening(from: RelayChannel, message: Message<'open'>, now: Instant): void {
    const { request, channel, target } = message
    const pair = this.#pairFor(from, message, now)
    if (typeof pair === 'string') return refuse(from, request, pair)
    const side = pair.sides.find(({ peer }) => peer.equals(from.address))
    if (side === undefined) return
    const isKnown = pair.state === 'open' && side.sendChannel === channel
    side.sendChannel = channel
    side.request = request
    if (isKnown) return this.#tellOpened(side)
    if (pair.state === 'open') Object.assign(pair, { state: 'offered', since: now })
    if (pair.state === 'connecting') this.connect?.(target)
    else this.#offer(otherSide(side))
  }

  /** Takes the agreement of an end that was offered a channel. */
  accepted(from: RelayChannel, { request, channel }: Message<'accept'>, now: Instant): void {
    const side = this.#ownedSide(from, request)
    const other = side && otherSide(side)
    if (side === undefined || other?.sendChannel === undefined)
      return this.#host.drop('relay: no offer')
    side.sendChannel = channel
    side.pair.state = 'open'
    side.pair.lastUsedAt = now
    for (const each of side.pair.sides) this.#tellOpened(each)
    this.#mirror(side.pair)
  }

  /** Takes the refusal of an end that was offered a channel. */
  refused(from: RelayChannel, { request }: Message<'refuse'>): void {
    const side = this.#ownedSide(from, request)
    if (side !== undefined) this.#end(side.pair, 'refused by the target', side)
  }

  /** Ends a pair that one end has no use for any more; returns whether there was one. */
  closed(from: RelayChannel, { channel }: Message<'close'>): boolean {
    const side = this.#ownedSide(from, channel)
    if (side !== undefined) this.#end(side.pair, 'not reached', side)
    return side !== undefined
  }

  /** Forwards a frame that came over `edge`. */
  forward(side: RelaySide, frame: RelayFrame, edge: Edge, now: Instant): void {
    const { pair, peer, bucket } = side
    if (!this.#host.channel(peer)?.hasProven(edge)) return this.#host.drop('relay: stranger')
    const other = otherSide(side)
    if (pair.state !== 'open' || other.sendChannel === undefined)
      return this.#host.drop('relay: not agreed')
    const next = directEdgeOf(this.#host.channel(other.peer))
    if (next === undefined) return this.#host.drop('relay: no path')
    const bytes = frame.datagram.length + RELAY_FRAME_OVERHEAD
    if (!bucket.has(bytes, now) || !this.#total.has(bytes, now))
      return this.#host.drop('relay: over quota')
    if (bucket.losesEarly() || this.#total.losesEarly())
      return this.#host.drop('relay: nearly over quota')
    bucket.take(bytes)
    this.#total.take(bytes)
    this.#heardOver(side, edge)
    pair.lastUsedAt = now
    side.frames++
    this.#frames++
    this.#bytes += bytes
    if (!sendOn(next, other.sendChannel, frame)) this.#host.drop('relay: not sent')
  }

  /** Notes that a channel changed its edge, came up or is gone. */
  channelMoved(channel: RelayChannel, now: Instant): void {
    const isReached = directEdgeOf(channel) !== undefined
    for (const pair of this.#pairs.of(channel.address)) {
      if (!isReached && pair.state !== 'connecting') this.#end(pair, 'not reached')
      else if (pair.state === 'open') this.#mirror(pair)
      else if (pair.state === 'connecting') this.#connected(pair, now)
    }
  }

  /** Returns when `handleTimeout` wants to be called. */
  pollTimeout(): Instant {
    return this.#sweepAt
  }

  /** Ends pairs that nobody uses or that did not come about. */
  handleTimeout(now: Instant): void {
    if (now < this.#sweepAt) return
    this.#sweepAt = Number.POSITIVE_INFINITY
    for (const pair of this.#pairs.values()) {
      if (pair.state === 'open') this.#noteCarried(pair, now)
      const { patience, start } = patienceOf(pair)
      if (now - start >= patience) this.#end(pair, 'not reached')
    }
    if (this.#pairs.size > 0) this.#sweepSoon(now)
  }

  #pairFor(
    from: RelayChannel,
    { target, mayConnect }: Message<'open'>,
    now: Instant,
  ): RelayPair | RelayRefusal {
    if (!this.#isEnabled) return 'off'
    if (target.equals(from.address) || target.equals(this.#host.address)) return 'other'
    if (directEdgeOf(from) === undefined) return 'not direct'
    const known = this.#pairs.get(from.address, target)
    if (known !== undefined) return known
    const isReached = directEdgeOf(this.#host.channel(target)) !== undefined
    const canConnect = mayConnect && this.connect !== undefined
    if (!isReached && !canConnect) return 'no connection'
    if (!isReached && this.#pairs.connecting >= RELAY_CONNECTS_MAX) return 'full'
    const pair = this.#pairs.add(from.address, target, now)
    if (pair === undefined) return 'full'
    if (!isReached) pair.state = 'connecting'
    this.#sweepSoon(now)
    return pair
  }

  #connected(pair: RelayPair, now: Instant): void {
    const isReached = pair.sides.every(({ peer }) => directEdgeOf(this.#host.channel(peer)))
    if (!isReached) return
    pair.state = 'offered'
    pair.since = now
    for (const side of pair.sides) if (side.request !== undefined) this.#offer(otherSide(side))
  }

  #offer(to: RelaySide): void {
    const { channel } = to
    const source = otherSide(to).peer
    this.#tell(to, { kind: 'offer', request: channel, channel, source })
  }

  #tellOpened(side: RelaySide): void {
    const { request, channel } = side
    if (request !== undefined) this.#tell(side, { kind: 'opened', request, channel })
  }

  #tell(side: RelaySide, message: RelayControl): void {
    this.#host.channel(side.peer)?.send(encodeRelayControl(message))
  }

  #ownedSide(from: RelayChannel, channel: number): RelaySide | undefined {
    const side = this.#pairs.side(channel)
    return side?.peer.equals(from.address) ? side : undefined
  }

  /** Forgets a pair and tells its ends, except the one that said so. */
  #end(pair: RelayPair, reason: RelayRefusal, except?: RelaySide): void {
    if (!this.#pairs.remove(pair)) return
    for (const side of pair.sides) {
      this.#plane?.remove(side.channel)
      if (side === except) continue
      const { request, sendChannel } = side
      const isAsking = pair.state !== 'open' && request !== undefined
      if (sendChannel !== undefined && !isAsking)
        this.#tell(side, { kind: 'close', channel: sendChannel })
      else if (request !== undefined) this.#tell(side, { kind: 'refuse', request, reason })
    }
  }

  /** Tells the data plane where both directions go now. */
  #mirror(pair: RelayPair): void {
    if (this.#plane === undefined) return
    for (const side of pair.sides) {
      const other = otherSide(side)
      const owner = this.#ownerEdge(side)
      const next = directEdgeOf(this.#host.channel(other.peer))
      const { channel } = side
      const nextChannel = other.sendChannel
      if (owner && next && nextChannel !== undefined)
        this.#plane.installRow({ channel, owner, next, nextChannel, ...this.#rowRate })
      else this.#plane.remove(channel)
    }
  }

  /** Where the frames of an end come from: not always the edge that frames for it go over. */
  #ownerEdge({ peer, heardOver }: RelaySide): Edge | undefined {
    const active = directEdgeOf(this.#host.channel(peer))
    return active && heardOver?.isOpen ? heardOver : active
  }

  #heardOver(side: RelaySide, edge: Edge): void {
    if (side.heardOver?.id === edge.id) return
    side.heardOver = edge
    this.#mirror(side.pair)
  }

  #noteCarried(pair: RelayPair, now: Instant): void {
    for (const side of pair.sides) {
      const carried = this.#plane?.forwarded(side.channel) ?? 0
      if (carried !== side.carried) pair.lastUsedAt = now
      side.carried = carried
    }
  }

  #sweepSoon(now: Instant): void {
    this.#sweepAt = Math.min(this.#sweepAt, now + RELAY_SWEEP_MS)
    this.#host.wake(this.#sweepAt)
  }
}

function refuse(to: RelayChannel, request: number, reason: RelayRefusal): void {
  to.send(encodeRelayControl({ kind: 'refuse', request, reason }))
}

function patienceOf(pair: RelayPair): { patience: number; start: Instant } {
  switch (pair.state) {
    case 'connecting':
      return { patience: RELAY_CONNECT_MS, start: pair.since }
    case 'offered':
      return { patience: RELAY_ACCEPT_MS, start: pair.since }
    case 'open':
      return { patience: RELAY_IDLE_MS, start: pair.lastUsedAt }
  }
}

/** The ends of relayed paths: asks nodes to relay, agrees to be relayed to, and keeps the edges that come of it. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import type { Edge } from '../edge/edge.ts'
import {
  RELAY_ENDS_MAX,
  RELAY_IDLE_MS,
  RELAY_OPEN_RESEND_MS,
  RELAY_OPEN_SENDS_MAX,
  RELAY_SWEEP_MS,
} from './limits.ts'
import { encodeRelayControl, type RelayControl, type RelayRefusal } from '../wire/relay-control.ts'
import { RelayEdge } from './relay-edge.ts'
import { directEdgeOf, type RelayChannel, type RelayHost } from './relay-host.ts'
import type { RelayPlane } from './relay-plane.ts'

/** What is asked of a relay. */
export interface RelayRequest {
  readonly relay: Address
  readonly peer: Address
  /** Whether the relay shall connect with the peer if it is not connected. */
  readonly mayConnect: boolean
}

/** Why there is no edge: what the relay said, or that it said nothing. */
export type RelayFailure = RelayRefusal | 'no answer'

/** What the ends tell the node. */
export interface RelayClientHost extends RelayHost {
  /** A path to try. */
  edgeOpened(edge: RelayEdge): void
  /** The edge carries nothing any more. */
  edgeClosed(edge: RelayEdge): void
  /** The edge goes over another edge to its relay. */
  edgeMoved(edge: RelayEdge): void
}

interface Opening {
  readonly request: RelayRequest
  readonly id: number
  readonly channel: number
  readonly onRefused: (reason: RelayFailure) => void
  sends: number
  dueAt: Instant
}

type Message<K extends RelayControl['kind']> = Extract<RelayControl, { kind: K }>

/** The relayed paths of one node. */
export class RelayClient {
  readonly #host: RelayClientHost
  readonly #plane: RelayPlane | undefined
  readonly #openings = new Map<string, Opening>()
  readonly #edges = new Map<string, RelayEdge>()
  readonly #byChannel = new Map<number, RelayEdge>()
  #sweepAt: Instant = Number.POSITIVE_INFINITY

  constructor(host: RelayClientHost, plane: RelayPlane | undefined) {
    this.#host = host
    this.#plane = plane
  }

  /** Lists the edges that are open. */
  get edges(): RelayEdge[] {
    return [...this.#edges.values()]
  }

  /** Returns the edge whose frames carry `channel`. */
  edge(channel: number): RelayEdge | undefined {
    return this.#byChannel.get(channel)
  }

  /** Counts the edges to a peer, and the requests for such that nobody answered yet. */
  waysTo(peer: Address): number {
    let count = 0
    for (const edge of this.#edges.values()) if (edge.peer.equals(peer)) count++
    for (const { request } of this.#openings.values()) if (request.peer.equals(peer)) count++
    return count
  }

  /** Returns whether there is an edge to `peer` by `relay`, or a request for one. */
  isAsked({ relay, peer }: Pick<RelayRequest, 'relay' | 'peer'>): boolean {
    const key = keyOf(relay, peer)
    return this.#edges.has(key) || this.#openings.has(key)
  }

  /** Asks a relay for a path to a peer, unless that was done. The edge goes to the peer's channel by itself. */
  open(request: RelayRequest, onRefused: (reason: RelayFailure) => void, now: Instant): void {
    if (this.isAsked(request)) return
    if (this.#size >= RELAY_ENDS_MAX) return this.#host.drop('relay: too many ends')
    const id = this.#host.random.uint32()
    const channel = this.#host.indexes.allocate()
    const opening = { request, id, channel, onRefused, sends: 0, dueAt: now }
    this.#openings.set(keyOf(request.relay, request.peer), opening)
    this.#ask(opening, now)
  }

  /** Takes a relay's word that somebody wants to be reached. */
  offered(from: RelayChannel, { request, channel, source }: Message<'offer'>): void {
    const relay = from.address
    const key = keyOf(relay, source)
    const opening = this.#openings.get(key)
    const known = this.#edges.get(key)
    if (!known && !opening && this.#size >= RELAY_ENDS_MAX) {
      return void from.send(encodeRelayControl({ kind: 'refuse', request, reason: 'full' }))
    }
    if (known) known.sendChannel = channel
    const own = known?.channel ?? opening?.channel ?? this.#host.indexes.allocate()
    this.#openings.delete(key)
    from.send(encodeRelayControl({ kind: 'accept', request, channel: own }))
    if (!known) this.#add({ relay, peer: source, channel: own, sendChannel: channel })
  }

  /** Takes a relay's word that a path is open. */
  opened(from: RelayChannel, { request, channel }: Message<'opened'>): void {
    const opening = this.#openingOf(from, request)
    if (opening === undefined) return
    const { relay, peer } = opening.request
    this.#openings.delete(keyOf(relay, peer))
    this.#add({ relay, peer, channel: opening.channel, sendChannel: channel })
  }

  /** Takes a relay's refusal. */
  refused(from: RelayChannel, { request, reason }: Message<'refuse'>): void {
    const opening = this.#openingOf(from, request)
    if (opening !== undefined) this.#giveUp(opening, reason)
  }

  /** Takes a relay's word that it carries nothing for an edge any more. */
  closed(from: RelayChannel, { channel }: Message<'close'>): void {
    const edge = this.#byChannel.get(channel)
    if (edge?.relay.equals(from.address)) edge.close()
  }

  /** Returns the edge that a frame with `channel` came over, if `carrier` leads to its relay. */
  receive(channel: number, carrier: Edge, now: Instant): RelayEdge | undefined {
    const edge = this.#byChannel.get(channel)
    if (edge === undefined || !this.#host.channel(edge.relay)?.hasProven(carrier)) return undefined
    edge.lastHeardAt = now
    if (edge.heardOver?.id !== carrier.id) {
      edge.heardOver = carrier
      this.#installEnd(edge)
    }
    return edge
  }

  /** Returns the edge that something came over which a data plane took out of a frame with `channel`. */
  heard(channel: number): RelayEdge | undefined {
    const edge = this.#byChannel.get(channel)
    if (edge) edge.lastHeardAt = this.#host.now()
    return edge
  }

  /** Notes that a channel changed its edge, came up or is gone. */
  channelMoved(channel: RelayChannel): void {
    const isReached = directEdgeOf(channel) !== undefined
    for (const edge of this.edges) {
      if (!edge.relay.equals(channel.address)) continue
      if (!isReached) edge.close()
      else this.#moved(edge)
    }
    if (isReached) return
    for (const opening of [...this.#openings.values()])
      if (opening.request.relay.equals(channel.address)) this.#giveUp(opening, 'not direct')
  }

  /** Returns when `handleTimeout` wants to be called. */
  pollTimeout(): Instant {
    let at = this.#sweepAt
    for (const { dueAt } of this.#openings.values()) at = Math.min(at, dueAt)
    return at
  }

  /** Asks again, gives up, and ends edges that nobody uses. */
  handleTimeout(now: Instant): void {
    for (const opening of [...this.#openings.values()]) {
      if (now < opening.dueAt) continue
      if (opening.sends < RELAY_OPEN_SENDS_MAX) this.#ask(opening, now)
      else this.#giveUp(opening, 'no answer')
    }
    if (now < this.#sweepAt) return
    this.#sweepAt = Number.POSITIVE_INFINITY
    for (const edge of this.edges) if (now - edge.lastHeardAt >= RELAY_IDLE_MS) edge.close()
    if (this.#edges.size > 0) this.#sweepSoon(now)
  }

  /** Forgets an edge and tells its relay. For the edge. */
  forget(edge: RelayEdge): void {
    if (!this.#byChannel.delete(edge.channel)) return
    this.#edges.delete(keyOf(edge.relay, edge.peer))
    this.#host.indexes.release(edge.channel)
    this.#plane?.remove(edge.channel)
    const close = encodeRelayControl({ kind: 'close', channel: edge.sendChannel })
    this.#host.channel(edge.relay)?.send(close)
    this.#host.edgeClosed(edge)
  }

  get #size(): number {
    return this.#edges.size + this.#openings.size
  }

  #ask(opening: Opening, now: Instant): void {
    const { id, channel } = opening
    const { relay, peer, mayConnect } = opening.request
    const message = { kind: 'open', request: id, channel, target: peer, mayConnect } as const
    // The pauses double: a relay that has to connect first needs some seconds.
    opening.dueAt = now + RELAY_OPEN_RESEND_MS * 2 ** opening.sends
    opening.sends++
    this.#host.channel(relay)?.send(encodeRelayControl(message))
    this.#host.wake(opening.dueAt)
  }

  #openingOf(from: RelayChannel, id: number): Opening | undefined {
    for (const opening of this.#openings.values())
      if (opening.id === id && opening.request.relay.equals(from.address)) return opening
    return undefined
  }

  #giveUp(opening: Opening, reason: RelayFailure): void {
    const { relay, peer } = opening.request
    if (!this.#openings.delete(keyOf(relay, peer))) return
    this.#host.indexes.release(opening.channel)
    opening.onRefused(reason)
  }

  #add(options: { relay: Address; peer: Address; channel: number; sendChannel: number }): void {
    const host = {
      now: () => this.#host.now(),
      directEdge: (relay: Address) => directEdgeOf(this.#host.channel(relay)),
      closed: (edge: RelayEdge) => this.forget(edge),
    }
    const edge = new RelayEdge(host, options)
    this.#edges.set(keyOf(edge.relay, edge.peer), edge)
    this.#byChannel.set(edge.channel, edge)
    this.#moved(edge)
    this.#host.edgeOpened(edge)
    this.#sweepSoon(this.#host.now())
  }

  #moved(edge: RelayEdge): void {
    this.#installEnd(edge)
    this.#host.edgeMoved(edge)
  }

  #installEnd({ channel, carrier, heardOver }: RelayEdge): void {
    const relay = heardOver?.isOpen ? heardOver : carrier
    if (relay) this.#plane?.installEnd({ channel, relay })
  }

  #sweepSoon(now: Instant): void {
    this.#sweepAt = Math.min(this.#sweepAt, now + RELAY_SWEEP_MS)
    this.#host.wake(this.#sweepAt)
  }
}

function keyOf(relay: Address, peer: Address): string {
  return `${relay.key} ${peer.key}`
}

/** What the plane opened and carried, told to the channels. */
import type { Address } from '@ipop/address'
import type { Clock, Instant, TimerHandle, Timers } from '@ipop/runtime'
import { DATA_OVERHEAD_BYTES } from '@ipop/security'
import type { DataPlaneEntry, Edge } from '@ipop/transport'
import { PLANE_POLL_MS, PLANE_POLL_RELAYED_MS } from '../limits.ts'
import type { PlaneKey } from './plane-key.ts'
import type { PlanePeer, PlanePeers } from './plane-peers.ts'
import type { Plane, SocketEndpoint } from './plane.ts'

/** Who is told. */
export interface TrafficListener {
  readonly entry: Pick<DataPlaneEntry, 'receiveOpened' | 'noteCarried' | 'doubtDatagramSizes'>
  /** Returns the edge for what came from `source`. */
  edgeFrom(source: SocketEndpoint): Edge | undefined
  /** Packets went to `peer` without passing through JavaScript. */
  sentTo(peer: Address): void
}

/** What it works with. */
export interface PlaneTrafficModules {
  readonly plane: Plane
  readonly peers: PlanePeers
  readonly clock: Clock
  readonly timers: Timers
}

/** Passes frames up, and looks after keys whose traffic stays in the plane. */
export class PlaneTraffic {
  listener: TrafficListener | undefined
  /** Called before peers with routes are looked after. */
  onLook: (() => void) | undefined
  readonly #modules: PlaneTrafficModules
  /** Keys whose peer was confirmed or moved, perhaps by a packet that stayed in the plane. */
  readonly #suspects = new Set<number>()
  #poll: TimerHandle | undefined
  #askedAllAt: Instant = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(modules: PlaneTrafficModules) {
    this.#modules = modules
  }

  /** Passes a frame up. `frame` is borrowed until the call returns. */
  receive(index: number, frame: Uint8Array, source: SocketEndpoint): void {
    const found = this.#modules.peers.byIndex(index)
    const edge = this.listener?.edgeFrom(source)
    if (found === undefined || edge === undefined) return
    found.key.source = source
    found.key.opened(frame.length + DATA_OVERHEAD_BYTES)
    // A copy: what is decoded from a frame may stay, and the plane's buffer is overwritten by the next batch.
    this.listener?.entry.receiveOpened(index, frame.slice(), edge)
  }

  /** Takes note that authentic datagrams under a key come from `source`. */
  noteSource(index: number, source: SocketEndpoint): void {
    const found = this.#modules.peers.byIndex(index)
    if (found === undefined || this.#isClosed) return
    found.key.source = source
    const { clock, timers } = this.#modules
    // After the frames of this batch, which may explain it all.
    if (this.#suspects.size === 0)
      timers.at(clock.now(), 'data plane sources', (now) => this.#askSuspects(now))
    this.#suspects.add(index)
  }

  /** Begins to look after peers with routes, if that is not going on. */
  watch(): void {
    if (this.#poll !== undefined || this.#isClosed) return
    const { clock, timers, peers } = this.#modules
    const isRelaying = [...peers.values()].some(isRelayed)
    const pauseMs = isRelaying ? PLANE_POLL_RELAYED_MS : PLANE_POLL_MS
    this.#poll = timers.at(clock.now() + pauseMs, 'data plane traffic', (now) => {
      this.#poll = undefined
      this.#askAll(now)
    })
  }

  /** Stops. */
  close(): void {
    this.#isClosed = true
    this.#poll?.cancel()
  }

  #askAll(now: Instant): void {
    const isFull = now - this.#askedAllAt >= PLANE_POLL_MS
    if (isFull) {
      this.#askedAllAt = now
      this.onLook?.()
    }
    let isWatching = false
    for (const peer of [...this.#modules.peers.values()]) {
      if (peer.routes.size === 0) continue
      isWatching = true
      if (!isFull && !isRelayed(peer)) continue
      for (const key of [...peer.keys.values()]) this.#ask(peer, key, now)
    }
    if (isWatching) this.watch()
  }

  #askSuspects(now: Instant): void {
    const indexes = [...this.#suspects]
    this.#suspects.clear()
    for (const index of indexes) {
      const found = this.#modules.peers.byIndex(index)
      if (found !== undefined) this.#ask(found.peer, found.key, now)
    }
  }

  #ask(peer: PlanePeer, key: PlaneKey, now: Instant): void {
    const totals = this.#isClosed ? undefined : this.#modules.plane.sessionCounters(key.index)
    if (totals === undefined) return
    const news = key.takeCarried(totals)
    if (news.sent === 0 && news.received === 0) return
    peer.lastCarriedAt = now
    const traffic = {
      packetsIn: news.received,
      packetsOut: news.sent,
      bytesIn: Math.max(0, news.receivedBytes - news.received * DATA_OVERHEAD_BYTES),
      bytesOut: Math.max(0, news.sentBytes - news.sent * DATA_OVERHEAD_BYTES),
    }
    const edge = key.source && this.listener?.edgeFrom(key.source)
    this.listener?.entry.noteCarried(key.index, traffic, edge)
    if (news.sent > 0) this.listener?.sentTo(peer.address)
  }
}

/** Whether packets for a peer with routes go through a relay. */
function isRelayed({ routes, endpoint }: PlanePeer): boolean {
  return routes.size > 0 && endpoint?.channel !== undefined
}

/** Turns session events into channels that come up, carry frames and go down. */
import type { Address } from '@ipop/address'
import type { Instant, Log } from '@ipop/runtime'
import type { Session, SessionEvent } from '@ipop/security'
import { isLoopback } from '../address/ip-text.ts'
import type { Edge } from '../edge/edge.ts'
import type { DropCounts } from '../stats/drop-counts.ts'
import { Channel } from './channel.ts'
import type { ChannelHost } from './channel-host.ts'
import type { ChannelRegistry } from './channel-registry.ts'
import type { ChannelDownReason, ChannelHandlers } from './types.ts'

/** What the lifecycle needs from the channel table. */
export interface LifecycleModules {
  readonly log: Log
  readonly address: Address
  readonly channels: ChannelRegistry
  readonly drops: DropCounts
  /** What new channels work with. */
  readonly host: ChannelHost
  handlers(): ChannelHandlers
  /** Remembers that a peer lives on this machine. */
  noteMachinePeer(key: string): void
}

type Established = SessionEvent<Edge> & { readonly kind: 'established' }

/** Session events in, channel handlers out. */
export class ChannelLifecycle {
  readonly #modules: LifecycleModules

  constructor(modules: LifecycleModules) {
    this.#modules = modules
  }

  /** Handles one event of the session endpoint. */
  handleEvent(event: SessionEvent<Edge>, now: Instant): void {
    const { session } = event
    switch (event.kind) {
      case 'frame':
        return this.#receive(session, event.bytes, event.path, now)
      case 'keepalive':
        return this.#receive(session, EMPTY, event.path, now)
      case 'heard':
        return this.#modules.channels.bySession(session)?.heard(event.path, now)
      case 'established':
        return this.#established(event, now)
      case 'responding':
        // The peer dials too: where its initiation came from is worth a try.
        return this.#modules.channels.bySession(session)?.addEdge(event.path)
      case 'failed':
        return this.#ended(
          session,
          event.reason === 'identity mismatch' ? 'wrong identity' : 'unreachable',
        )
      case 'closed':
        // Another session with the same peer took over, and says so in the next event.
        if (event.reason !== 'replaced') this.#ended(session, 'lost')
    }
  }

  /** Takes a channel out of the table and tells the owner. */
  down(channel: Channel, reason: ChannelDownReason): void {
    if (!this.#modules.channels.remove(channel)) return
    const edges = reason === 'lost' ? channel.edges : []
    channel.markDown()
    const peer = channel.address.toString()
    this.#modules.log.write('info', 'channel down', { peer, reason })
    this.#modules.handlers().onDown(channel, reason)
    if (edges.length > 0) this.#probeNeighborsOf(edges)
  }

  #receive(session: Session<Edge>, frame: Uint8Array, edge: Edge, now: Instant): void {
    const channel = this.#modules.channels.bySession(session)
    if (channel) channel.receive(frame, edge, now)
    else this.#modules.drops.count('no channel')
  }

  #established(event: Established, now: Instant): void {
    const { session, path: edge, asInitiator, rttMs } = event
    const channel = this.#channelOf(session, asInitiator, now)
    if (!channel) {
      session.close(now)
      return
    }
    const { remote } = edge
    if (remote && isLoopback(remote.host)) this.#modules.noteMachinePeer(channel.address.key)
    if (channel.state === 'up') return
    channel.markUp(edge, { asInitiator, rttMs }, now)
    this.#modules.log.write('info', 'channel up', {
      peer: channel.address.toString(),
      edge: edge.id,
    })
    this.#modules.handlers().onUp(channel)
  }

  /** Returns the channel for an established session: its own, its peer's older one, or a new one. */
  #channelOf(session: Session<Edge>, isInitiator: boolean, now: Instant): Channel | undefined {
    const { address } = session.peer
    const { channels, host, drops } = this.#modules
    const own = channels.bySession(session)
    if (!address || address.equals(this.#modules.address)) {
      drops.count('peer is myself')
      if (own) this.down(own, 'wrong identity')
      return undefined
    }
    if (own) {
      if (own.address.equals(address)) return own
      this.down(own, 'wrong identity')
      return undefined
    }
    const known = channels.get(address)
    if (known) {
      // The peer has a new session key; the newest proof of identity counts.
      channels.rebind(known, session).close(now)
      return known
    }
    if (channels.isFull) {
      drops.count('table full')
      return undefined
    }
    const channel = new Channel(host, { address, session, isInitiator })
    channels.add(channel)
    return channel
  }

  #ended(session: Session<Edge>, reason: ChannelDownReason): void {
    const channel = this.#modules.channels.bySession(session)
    if (channel) this.down(channel, reason)
  }

  /** A lost peer often means a lost machine: whoever shares its endpoint is asked at once. */
  #probeNeighborsOf(edges: readonly Edge[]): void {
    const ids = new Set(edges.map((edge) => edge.id))
    for (const channel of this.#modules.channels.values()) {
      const { activeEdge } = channel
      if (activeEdge && ids.has(activeEdge.id)) channel.probe()
    }
  }
}

const EMPTY = new Uint8Array(0)

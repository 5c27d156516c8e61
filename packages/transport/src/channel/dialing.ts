/** Makes channels from hints: new ones, and ones that learn more about a peer being dialled. */
import { equalBytes } from '@ipop/codec'
import type { Address } from '@ipop/address'
import type { Instant, Timers } from '@ipop/runtime'
import type { SessionEndpoint } from '@ipop/security'
import type { PeerHint } from '../address/peer-hint.ts'
import type { TransportAddress } from '../address/transport-address.ts'
import type { Edge } from '../edge/edge.ts'
import { Channel } from './channel.ts'
import type { ChannelHost } from './channel-host.ts'
import type { ChannelRegistry } from './channel-registry.ts'
import type { Dialer } from './dialer.ts'
import type { ChannelHandlers } from './types.ts'

/** What dialling works with. */
export interface DialingModules {
  readonly sessions: SessionEndpoint<Edge>
  readonly channels: ChannelRegistry
  readonly dialer: Dialer
  readonly host: ChannelHost
  isClosed(): boolean
  readonly timers: Timers
  handlers(): ChannelHandlers
}

/** Dials for a channel table. */
export class Dialing {
  readonly #modules: DialingModules

  constructor(modules: DialingModules) {
    this.#modules = modules
  }

  /** Returns the channel to a peer, made when new; its endpoints become candidates. */
  dial(hint: PeerHint, introducer: Address | undefined, now: Instant): Channel {
    const { dialer, channels } = this.#modules
    const endpoints = dialer.usableEndpoints(hint, introducer)
    const known = channels.get(hint.address)
    if (!known) return this.#dialNew(hint, endpoints, now)
    if (known.state === 'connecting') this.#adoptSessionKey(known, hint, now)
    known.addEndpoints(endpoints)
    return known
  }

  #dialNew(hint: PeerHint, endpoints: readonly TransportAddress[], now: Instant): Channel {
    const { sessions, channels, host, timers } = this.#modules
    const { sessionKey, address } = hint
    const session = sessions.connect({ sessionKey, address }, now)
    const channel = new Channel(host, { address, session, isInitiator: true })
    const isSelf = address.equals(host.address)
    const isClosed = this.#modules.isClosed()
    if (isSelf || channels.isFull || isClosed) {
      channel.markDown()
      const reason = isSelf ? 'wrong identity' : isClosed ? 'closed' : 'table full'
      timers.at(now, 'refuse dial', () => this.#modules.handlers().onDown(channel, reason))
      return channel
    }
    channels.add(channel)
    channel.addEndpoints(endpoints)
    return channel
  }

  /** A hint with another session key is newer knowledge than the one that was not answered so far. */
  #adoptSessionKey(channel: Channel, hint: PeerHint, now: Instant): void {
    if (equalBytes(channel.session.peer.sessionKey, hint.sessionKey)) return
    const { sessions, channels } = this.#modules
    const { sessionKey, address } = hint
    const session = sessions.connect({ sessionKey, address }, now)
    channels.rebind(channel, session).close(now)
  }
}

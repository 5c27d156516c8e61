/** Finds relays for peers without a direct path: several common peers, or one that is asked to become one. */
import type { Address } from '@ipop/address'
import type { Clock, Instant, Log } from '@ipop/runtime'
import type { Channel, ChannelTable, Edge, RelayFailure } from '@ipop/transport'
import type { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import {
  INDIRECT_WAYS,
  NEEDLESS_EDGE_MS,
  RELAY_CANDIDATES_MAX,
  RELAY_MAKES_MAX,
  RELAY_REFUSED_MS,
  RELAY_TURN_MS,
  RELAYS_PER_CHANNEL_MAX,
} from '../limits.ts'

/** What the seeker works with. */
export interface RelaySeekerModules {
  readonly clock: Clock
  readonly log: Log
  readonly channels: Pick<ChannelTable, 'relays' | 'channel'>
  readonly table: ConnectionTable
  /** Returns the way to a peer through the ring, by the neighbour `via` where one is named. */
  ringEdge: (peer: Address, via?: Address) => Edge
  readonly onDemand: {
    /** Keeps a connection. */
    use(connection: Connection, now: Instant): void
    /** Asks for a connection. */
    want(address: Address, now: Instant): void
  }
}

interface Refusal {
  readonly reason: RelayFailure
  readonly until: Instant
}

/** One peer without a direct path. */
interface Need {
  readonly since: Instant
  /** By relay. */
  readonly refusals: Map<string, Refusal>
}

/** The relays of one node's channels. */
export class RelaySeeker {
  readonly #modules: RelaySeekerModules
  readonly #needs = new Map<string, Need>()

  constructor(modules: RelaySeekerModules) {
    this.#modules = modules
    const { channels, onDemand, clock } = modules
    channels.relays.service.connect = (target) => onDemand.want(target, clock.now())
  }

  /** Gives a channel without a direct path relays to measure and choose from. */
  arrange(channel: Channel): void {
    const kind = channel.activeEdge?.kind
    if (kind === 'ring' || kind === 'relay') this.#seek(channel, this.#modules.clock.now())
    else if (kind !== undefined) this.forget(channel.address)
    else if (channel.state === 'up') channel.addEdge(this.#modules.ringEdge(channel.address))
  }

  /** Gives a peer whose probes are being missed ways around the broken path, where it would be missed; one that nobody reaches is gone. */
  bridge(channel: Channel): void {
    const { address } = channel
    if (this.#modules.table.get(address)?.isHardToReplace === false) return
    const ways = this.#candidates(address).slice(0, INDIRECT_WAYS)
    for (const via of ways) channel.addEdge(this.#modules.ringEdge(address, via))
  }

  /** Forgets what was tried for a peer. */
  forget(peer: Address): void {
    this.#needs.delete(peer.key)
  }

  /** Seeks where relays are missing, takes needless ones away, and keeps the connections with those that are in use. */
  evaluate(now: Instant): void {
    const { table, channels, onDemand } = this.#modules
    for (const { isOverRing, channel } of table.all()) {
      if (isOverRing) this.#seek(channel, now)
      closeNeedless(channel, now)
    }
    for (const { relay, peer } of channels.relays.client.edges) {
      const connection = table.get(relay)
      if (connection && table.get(peer)?.isNeeded) onDemand.use(connection, now)
    }
  }

  #seek({ address, state }: Channel, now: Instant): void {
    if (state !== 'up') return
    const need = this.#needs.get(address.key) ?? this.#begin(address, now)
    if (!this.#isMyTurn(address, need, now)) return
    const { client } = this.#modules.channels.relays
    const missing = RELAYS_PER_CHANNEL_MAX - client.waysTo(address)
    if (missing <= 0) return
    const candidates = this.#candidates(address)
    const untried = candidates.filter(
      (relay) => !client.isAsked({ relay, peer: address }) && !isRefused(need, relay, now),
    )
    for (const relay of untried.slice(0, missing)) this.#ask(relay, address, need)
    if (untried.length === 0 && client.waysTo(address) === 0) this.#make(candidates, address, need)
  }

  /** The lower address asks first: both would ask for twice as many as are needed. */
  #isMyTurn(peer: Address, need: Need, now: Instant): boolean {
    return this.#modules.table.self.compare(peer) < 0 || now - need.since >= RELAY_TURN_MS
  }

  #candidates(peer: Address): Address[] {
    const mayRelay = ({ address, channel }: Connection) =>
      !address.equals(peer) && channel.state === 'up' && isDirect(channel)
    const nearest = this.#modules.table.nearestTo(peer, mayRelay)
    return nearest.slice(0, RELAY_CANDIDATES_MAX).map(({ address }) => address)
  }

  /** Asks those that only lack a connection with the peer to make one. */
  #make(candidates: readonly Address[], peer: Address, need: Need): void {
    const able = candidates.filter(
      (relay) => need.refusals.get(relay.key)?.reason === 'no connection',
    )
    for (const relay of able.slice(0, RELAY_MAKES_MAX)) this.#ask(relay, peer, need, true)
  }

  #ask(relay: Address, peer: Address, need: Need, mayConnect = false): void {
    const { channels, clock, log } = this.#modules
    const onRefused = (reason: RelayFailure) => {
      need.refusals.set(relay.key, { reason, until: clock.now() + RELAY_REFUSED_MS })
      const fields = { relay: relay.toString(), peer: peer.toString(), reason }
      log.write('debug', 'relay refused', fields)
      const channel = channels.channel(peer)
      if (channel && this.#needs.get(peer.key) === need) this.arrange(channel)
    }
    channels.relays.client.open({ relay, peer, mayConnect }, onRefused, clock.now())
  }

  #begin(peer: Address, now: Instant): Need {
    const need: Need = { since: now, refusals: new Map() }
    this.#needs.set(peer.key, need)
    return need
  }
}

function isRefused(need: Need, relay: Address, now: Instant): boolean {
  return now < (need.refusals.get(relay.key)?.until ?? now)
}

function isDirect({ activeEdge }: Channel): boolean {
  return activeEdge?.kind === 'udp' || activeEdge?.kind === 'tcp'
}

/** A direct path needs no spare through others, whose probes would cost them; a suspect peer gets a new one. */
function closeNeedless(channel: Channel, now: Instant): void {
  const active = channel.activeEdge?.kind
  if (active === undefined || active === 'ring' || channel.isSuspect) return
  if (now - (channel.ways.paths.active?.activeSince ?? now) < NEEDLESS_EDGE_MS) return
  for (const edge of channel.edges) {
    if (edge.kind === 'ring' || (edge.kind === 'relay' && active !== 'relay')) edge.close()
  }
}

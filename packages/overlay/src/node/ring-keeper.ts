/** Keeps one node's place in the ring: runs the topology policies and carries out what they decide. */
import type { Instant, Log, Runtime, TimerHandle } from '@ipop/runtime'
import {
  followNetworkChange,
  type Channel,
  type ChannelDownReason,
  type ChannelTable,
} from '@ipop/transport'
import { Connection } from '../connections/connection.ts'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { Role, STATUS_IN_RING } from '../connections/roles.ts'
import { DEPARTED_TRY_MS, LEAF_KEEP_MS, TRIM_PERIOD_MS, UNNEEDED_GRACE_MS } from '../limits.ts'
import type { RelaySeeker } from '../edges/relay-seeker.ts'
import type { Linker } from '../linking/linker.ts'
import type { Departed } from '../topology/departed.ts'
import { ExchangeRounds } from '../topology/exchange-rounds.ts'
import type { ExchangeState } from '../topology/exchange-news.ts'
import type { Exchanger } from '../topology/exchanger.ts'
import type { KnownPeers } from '../topology/known-peers.ts'
import type { Leaves } from '../topology/leaves.ts'
import type { Membership } from '../topology/membership.ts'
import type { NearDials } from '../topology/near-dials.ts'
import type { NearNeighbors } from '../topology/near-neighbors.ts'
import type { NeighborWatch } from '../topology/neighbor-watch.ts'
import type { OnDemand } from '../topology/on-demand.ts'
import type { Remembered } from '../topology/remembered.ts'
import type { Shortcuts } from '../topology/shortcuts.ts'
import type { RingExchange } from '../wire/ring-exchange.ts'

/** The parts a ring keeper runs. */
export interface RingKeeperModules {
  readonly runtime: Runtime
  readonly log: Log
  readonly channels: ChannelTable
  readonly table: ConnectionTable
  readonly linker: Linker
  readonly known: KnownPeers
  readonly dials: NearDials
  readonly near: NearNeighbors
  readonly watch: NeighborWatch
  readonly exchanger: Exchanger
  readonly leaves: Leaves
  readonly shortcuts: Shortcuts
  readonly onDemand: OnDemand
  readonly departed: Departed
  readonly remembered: Remembered
  readonly seeker: RelaySeeker
  readonly membership: Membership
}

/** What a ring keeper tells its node. */
export interface RingKeeperListener {
  /** The node has found its place: both neighbours name it as theirs, or it is alone. */
  joined(): void
  /** The near connections are others than before, or one of these peers started anew. */
  neighborsChanged(): void
}

/** Pause between two looks at the policies while nothing happens, milliseconds. */
const TICK_MS = 1_000
/** The same while the ring around the node is incomplete. */
const TICK_INCOMPLETE_MS = 250
/** Events that come together cost one look, milliseconds. */
const COALESCE_MS = 4

/** The maintenance of one node's place in the ring. */
export class RingKeeper {
  readonly #modules: RingKeeperModules
  readonly #listener: RingKeeperListener
  #timer: { handle: TimerHandle; at: Instant } | undefined
  readonly #rounds: ExchangeRounds
  #trimmedAt: Instant = 0
  #nearDigest = ''
  #revision = 0
  #ringSize = 1
  #isStopped = true

  constructor(modules: RingKeeperModules, listener: RingKeeperListener) {
    this.#modules = modules
    this.#listener = listener
    this.#rounds = new ExchangeRounds({ ...modules, clock: modules.runtime.clock })
  }

  /** Whether the node has found its place. */
  get isInRing(): boolean {
    return this.#modules.membership.isInRing
  }

  /** The estimated number of nodes in the ring, as of the last look at it. */
  get ringSize(): number {
    return this.#ringSize
  }

  /** Whether both neighbours agree and nobody nearer is being linked. */
  get isComplete(): boolean {
    return this.#modules.membership.isComplete
  }

  /** How the node stands towards exchanges. */
  exchangeState(now = this.#modules.runtime.clock.now()): ExchangeState {
    return { revision: this.#revision, isPatient: this.isInRing, now }
  }

  /** Starts joining. */
  start(): void {
    this.#isStopped = false
    const now = this.#modules.runtime.clock.now()
    this.#rounds.start(now)
    this.#modules.membership.start(now)
    this.touch()
  }

  /** Stops; no policy runs afterwards. */
  stop(): void {
    this.#isStopped = true
    this.#timer?.handle.cancel()
    this.#timer = undefined
  }

  /** Looks at the policies soon. */
  touch(): void {
    this.#armAt(this.#modules.runtime.clock.now() + COALESCE_MS)
  }

  /** Notes that connections or their roles changed, and looks at the policies soon. */
  changed(): void {
    this.#revision++
    this.touch()
  }

  /** Takes a channel that came up. */
  channelUp(channel: Channel): void {
    const { runtime, table, linker, known, departed, onDemand } = this.#modules
    if (this.#isStopped || (table.isFull && !table.get(channel.address))) return channel.close()
    const now = runtime.clock.now()
    const connection = new Connection(channel, now)
    table.add(connection)
    linker.takeRoles(connection)
    onDemand.fulfil(connection, now)
    known.confirm(channel.hint, now)
    departed.remove(channel.address)
    this.#modules.remembered.note(channel)
    if (connection.has(Role.leaf)) this.#rounds.leafUp(connection)
    this.changed()
  }

  /** Takes a channel that ended. */
  channelDown(channel: Channel, reason: ChannelDownReason): void {
    const { table, linker, known, departed, exchanger, near, leaves, seeker } = this.#modules
    const now = this.#modules.runtime.clock.now()
    seeker.forget(channel.address)
    if (table.get(channel.address)?.channel === channel) {
      const isNeeded = table.remove(channel.address)?.isNeeded === true
      near.forget(channel.address)
      exchanger.forget(channel.address)
      if (reason === 'lost' || isNeeded) known.bar(channel.address, now)
      if (reason !== 'lost') this.#modules.remembered.note(channel)
      if (reason === 'lost') {
        departed.add(channel.hint, now)
        leaves.peerLost(channel.address, now)
        this.#modules.membership.peerLost(now)
      } else if (reason === 'closed by peer') {
        leaves.peerLeft(channel.address, now)
      }
    } else {
      linker.giveUp(channel.address)
      if (reason !== 'closed')
        known.failed(channel.address, now, (introducer) => !table.get(introducer))
    }
    this.changed()
  }

  /** Takes note that a peer misses probes: it may be reached in other ways, and others may be gone with it. */
  suspect(channel: Channel): void {
    this.#modules.seeker.bridge(channel)
    this.#modules.watch.suspect(channel, this.#modules.runtime.clock.now())
  }

  /** Tries all paths anew, tells others where this node is now, and asks how it is seen. */
  networkChanged(): void {
    const { channels, leaves, runtime } = this.#modules
    if (this.#isStopped) return
    followNetworkChange(channels)
    leaves.greetNow(runtime.clock.now())
    this.changed()
  }

  /**
   * Takes what a peer told about the ring around it. Whom it calls its neighbours counts only at first hand: a proxy asks again for
   * a while, and its answers are kept, so that they may be older than what the peer said itself.
   */
  learn(exchange: RingExchange, { isFirstHand }: { isFirstHand: boolean }): void {
    const { known, near, runtime, table, exchanger } = this.#modules
    const now = runtime.clock.now()
    known.vouch(exchange.from.address)
    known.learn(exchange.from, now)
    const connection = table.get(exchange.from.address)
    connection?.offers(exchange.from.endpoints)
    if (connection?.isNewIncarnation(exchange.incarnation)) {
      // It kept its address and its session, but has forgotten what it was told and what it stored.
      exchanger.forget(connection.address)
      if (connection.has(Role.near)) this.#nearDigest = ''
    }
    const { from, peers, withdrawn } = exchange
    if (withdrawn) known.learnMore(peers, withdrawn, now, from.address)
    else known.learnAll(peers, now, from.address)
    if (isFirstHand) near.noteClaim(exchange.from.address, exchange)
    this.touch()
  }

  #armAt(at: Instant): void {
    if (this.#isStopped || (this.#timer && this.#timer.at <= at)) return
    this.#timer?.handle.cancel()
    const handle = this.#modules.runtime.timers.at(at, 'ring upkeep', (now) => {
      this.#timer = undefined
      this.#tick(now)
    })
    this.#timer = { handle, at }
  }

  #tick(now: Instant): void {
    const { leaves, near, shortcuts, onDemand, seeker } = this.#modules
    this.#dialNear(now)
    if (this.#modules.membership.update(now)) {
      this.#rounds.joined()
      this.#listener.joined()
    }
    if (this.isInRing) this.#modules.watch.evaluate(now)
    leaves.evaluate(this.isInRing, now)
    const exchangeAt = this.#rounds.run(this.exchangeState(now))
    if (exchangeAt !== undefined) this.#armAt(exchangeAt)
    this.#ringSize = near.estimateRingSize()
    if (this.isInRing) shortcuts.evaluate(this.#ringSize, now)
    onDemand.evaluate(now)
    seeker.evaluate(now)
    this.#tryDeparted(now)
    this.#trim(now)
    this.#modules.table.tellStatus(this.isInRing)
    this.#modules.channels.status = this.isInRing ? STATUS_IN_RING : 0
    this.#announceNeighbors()
    this.#armAt(now + (this.isComplete ? TICK_MS : TICK_INCOMPLETE_MS))
  }

  #dialNear(now: Instant): void {
    const { isChanged, nextAt } = this.#modules.dials.run(this.isInRing, now, () => this.touch())
    if (isChanged) this.#revision++
    if (nextAt !== undefined) this.#armAt(nextAt)
  }

  #tryDeparted(now: Instant): void {
    const { departed, remembered, linker, table } = this.#modules
    const hint = departed.poll(now, this.#ringSize)
    const others = this.isInRing && table.size > 0 ? [] : remembered.poll(now)
    if (hint) linker.link(hint, Role.leaf, { forMs: DEPARTED_TRY_MS })
    for (const each of others) linker.link(each, Role.leaf)
  }

  #trim(now: Instant): void {
    const { table } = this.#modules
    if (now - this.#trimmedAt < TRIM_PERIOD_MS) return
    this.#trimmedAt = now
    for (const connection of table.all()) {
      if (this.isInRing && now - connection.upAt > LEAF_KEEP_MS)
        connection.setRole(Role.leaf, false)
      if (connection.isNeeded) connection.lastNeededAt = now
      else if (now - connection.lastNeededAt > UNNEEDED_GRACE_MS) connection.channel.close()
    }
  }

  #announceNeighbors(): void {
    const { digest } = this.#modules.near
    if (digest === this.#nearDigest) return
    this.#nearDigest = digest
    this.#listener.neighborsChanged()
  }
}

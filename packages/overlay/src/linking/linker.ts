/** Makes connections: dials hints, carries connect requests, and remembers what each link is wanted for. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Instant, Log, Runtime } from '@ipop/runtime'
import type { ChannelTable, Edge, PeerHint } from '@ipop/transport'
import type { ConnectionTable } from '../connections/connection-table.ts'
import type { Connection } from '../connections/connection.ts'
import { Role } from '../connections/roles.ts'
import {
  LINK_DIRECT_MAX_MS,
  LINK_DIRECT_MIN_MS,
  LINK_DIRECT_ROUND_TRIPS,
  LINK_RETRY_MS,
  LINK_TURN_MS,
  LINKS_PENDING_MAX,
} from '../limits.ts'
import type { CallOptions, RequestReply } from '../messaging/request-reply.ts'
import { decodeConnectReply, encodeConnectRequest } from '../wire/ring-exchange.ts'

interface PendingLink {
  readonly address: Address
  roles: number
  since: Instant
  /** Last time it was dialled; before now when the peer is given time to dial first. */
  dialledAt: Instant | undefined
  isOverRing: boolean
  /** Whether the peer said that it has its place in the ring. */
  isPeerInRing: boolean
  /** Whether nobody asked for it but hearsay about who is near. */
  isHearsay: boolean
  /** When it is given up unless it is wanted for something else: nothing says that the peer is still there. */
  until: Instant
}

/** How a link may be made besides dialling the peer's endpoints. */
export interface LinkOptions {
  /** Try the way through the ring: at once, or when the direct one takes long. */
  readonly overRing?: boolean | 'late' | undefined
  /** The peer learns of this node at the same time: the lower address dials first, so that one handshake is enough. */
  readonly isMutual?: boolean
  /** A neighbour that named the peer and is connected to it: tried when the direct way takes long. */
  readonly via?: Address | undefined
  /** The peer said that it has its place in the ring. */
  readonly isPeerInRing?: boolean
  /** Give up after this long, milliseconds. */
  readonly forMs?: number
}

/** Links under way, one per peer. */
export class Linker {
  readonly #channels: ChannelTable
  readonly #table: ConnectionTable
  readonly #calls: RequestReply
  readonly #runtime: Runtime
  readonly #log: Log
  readonly #ringEdge: (peer: Address, via?: Address) => Edge
  readonly #pending = new Map<string, PendingLink>()
  /** Who waits for the end of a link. */
  readonly #waiting = new Map<string, (() => void)[]>()

  constructor(modules: {
    channels: ChannelTable
    table: ConnectionTable
    calls: RequestReply
    runtime: Runtime
    log: Log
    ringEdge: (peer: Address, via?: Address) => Edge
  }) {
    this.#channels = modules.channels
    this.#table = modules.table
    this.#calls = modules.calls
    this.#runtime = modules.runtime
    this.#log = modules.log
    this.#ringEdge = modules.ringEdge
  }

  /** The number of links that are neither up nor given up. */
  get pending(): number {
    return this.#pending.size
  }

  /** Whether a link waits for the peer to dial first. */
  get isWaiting(): boolean {
    for (const link of this.#pending.values()) if (link.dialledAt === undefined) return true
    return false
  }

  /** The number of leaves that said that they have their place in the ring, linked or being linked. */
  get leavesInRing(): number {
    const isOne = (link: PendingLink) => link.isPeerInRing && (link.roles & Role.leaf) !== 0
    const pending = [...this.#pending.values()].filter(isOne).length
    return pending + this.#table.withRole(Role.leaf).filter(({ wasInRing }) => wasInRing).length
  }

  /** Returns whether a link to `address` has been under way for less than `ms`. */
  isYoung(address: Address, ms: number): boolean {
    const link = this.#pending.get(address.key)
    return link !== undefined && this.#runtime.clock.now() - link.since < ms
  }

  /** Returns whether a link to `address` has been under way for `ms` or longer. */
  isSlow(address: Address, ms: number): boolean {
    const link = this.#pending.get(address.key)
    return link !== undefined && this.#runtime.clock.now() - link.since >= ms
  }

  /** Dials a peer for `role`; a second call while the first is under way only adds the role and new endpoints. */
  link(hint: PeerHint, role: number, options: LinkOptions = {}): void {
    if (hint.address.equals(this.#table.self)) return
    const connection = this.#table.get(hint.address)
    if (connection) {
      if (role !== 0) connection.setRole(role, true)
      return
    }
    const now = this.#runtime.clock.now()
    const link = this.#pending.get(hint.address.key) ?? this.#begin(hint, options, now)
    if (!link) return
    link.roles |= role
    link.isPeerInRing ||= options.isPeerInRing === true
    link.isHearsay &&= options.isMutual === true && role === 0
    if (options.forMs === undefined) link.until = Number.POSITIVE_INFINITY
    if (this.#mustWait(hint.address, link, options, now)) return
    const isDue = link.dialledAt === undefined || now - link.dialledAt >= LINK_RETRY_MS
    const needsRing = !link.isOverRing && this.#needsRing(link, options, now)
    if (!isDue && !needsRing) return
    link.dialledAt = now
    if (options.overRing === 'late') this.#linkLater(hint, role, link, options.via)
    const channel = this.#channels.dial(hint, options.via)
    if (!needsRing) return
    link.isOverRing = true
    channel.addEdge(this.#ringEdge(hint.address, options.via))
  }

  /**
   * Stops dialling those whom hearsay named as near and names no longer, after a moment: they are gone, or others are nearer.
   * And those that were to be tried for a while only.
   */
  abandon(wanted: ReadonlySet<string>, now: Instant): void {
    for (const [key, link] of [...this.#pending])
      if (
        now >= link.until ||
        (link.isHearsay && !wanted.has(key) && now - link.since >= LINK_RETRY_MS)
      )
        this.#channels.channel(link.address)?.close()
  }

  /** Ends a link that nothing but hearsay asked for: the ring does not find the peer. */
  disprove(address: Address): void {
    if (this.#pending.get(address.key)?.isHearsay === true) this.#channels.channel(address)?.close()
  }

  #begin(hint: PeerHint, { forMs = Infinity }: LinkOptions, now: Instant): PendingLink | undefined {
    if (this.#pending.size >= LINKS_PENDING_MAX) return undefined
    const link: PendingLink = {
      ...{ address: hint.address, roles: 0, since: now, dialledAt: undefined },
      ...{
        isOverRing: false,
        isPeerInRing: false,
        isHearsay: true,
        until: now + forMs,
      },
    }
    this.#pending.set(hint.address.key, link)
    return link
  }

  #linkLater(hint: PeerHint, role: number, link: PendingLink, via?: Address): void {
    const at = link.since + LINK_DIRECT_MAX_MS
    this.#runtime.timers.at(at, 'link over the ring', () => {
      if (this.#pending.get(hint.address.key) !== link) return
      this.link(hint, role, { overRing: true, forMs: link.until - at, via })
    })
  }

  #mustWait(peer: Address, link: PendingLink, options: LinkOptions, now: Instant): boolean {
    if (!options.isMutual || link.dialledAt !== undefined) return false
    return this.#table.self.compare(peer) > 0 && now - link.since < LINK_TURN_MS
  }

  #needsRing(link: PendingLink, options: LinkOptions, now: Instant): boolean {
    if (options.overRing === true) return true
    return options.via !== undefined && now - link.since >= this.#headStartMs(options.via)
  }

  /** How long the direct way is given: nothing is known of it, but how quick the network is. */
  #headStartMs(via: Address): number {
    const rttMs = this.#table.get(via)?.channel.rttMs ?? Number.POSITIVE_INFINITY
    return Math.min(LINK_DIRECT_MAX_MS, LINK_DIRECT_MIN_MS + LINK_DIRECT_ROUND_TRIPS * rttMs)
  }

  /** Asks the node or nodes that `options.mode` selects to connect; both ends dial at once. Returns who was asked. */
  async requestLink(target: Address, role: Role, options: CallOptions): Promise<Address[]> {
    const request = encodeConnectRequest({ from: this.#channels.hintOf(), role })
    const replies = await this.#calls.call(target, 'ring.connect', request, options)
    return replies.flatMap(({ result }) => {
      const hint = decodeConnectReply(result)
      if (hint instanceof Malformed) {
        this.#log.write('debug', 'connect reply malformed', { reason: hint.reason })
        return []
      }
      this.link(hint, role, { overRing: role === Role.shortcut ? 'late' : true })
      return [hint.address]
    })
  }

  /** Resolves when the link to `address` has come up or failed, or after `ms`. */
  async settled({ key }: Address, ms: number): Promise<void> {
    if (!this.#pending.has(key)) return
    const { clock, timers } = this.#runtime
    await new Promise<void>((resolve) => {
      const timer = timers.at(clock.now() + ms, 'link settled', () => resolve())
      const all = this.#waiting.get(key) ?? []
      this.#waiting.set(key, all)
      all.push(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  /** Takes the roles that a connection which has just come up was wanted for. */
  takeRoles(connection: Connection): void {
    const link = this.#end(connection.address)
    if (!link) return
    connection.wasInRing = link.isPeerInRing
    if (link.roles !== 0) connection.setRole(link.roles, true)
  }

  /** Ends a link that failed. */
  giveUp(address: Address): void {
    this.#end(address)
  }

  #end({ key }: Address): PendingLink | undefined {
    const link = this.#pending.get(key)
    this.#pending.delete(key)
    for (const isOver of this.#waiting.get(key) ?? []) isOver()
    this.#waiting.delete(key)
    return link
  }
}

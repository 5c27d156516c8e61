/** Carries datagrams between hosts: routing, translation, delay and loss. */
import type { Endpoint, Random } from '@ipop/runtime'
import { DATAGRAM_BYTES_MAX, LAN_LATENCY_MS, LOOPBACK_LATENCY_MS } from '../limits.ts'
import type { Scheduler } from '../world/scheduler.ts'
import type { DropReason, WorldStats } from '../world/stats.ts'
import type { PacketTrace } from '../world/trace.ts'
import type { SimHost } from '../host/sim-host.ts'
import type { LatencyFunction, Place } from './latency.ts'
import { joinLinks, PERFECT_LINK } from './link.ts'
import type { LinkProperties } from './link.ts'
import { Nat } from './nat.ts'
import type { Reachability } from './reachability.ts'
import { Realm } from './realm.ts'
import { ByteArena } from './byte-arena.ts'
import { Flight } from './flight.ts'
import { isLoopback, isMulticast } from './ip.ts'

/** What the network works with. */
export interface NetworkModules {
  readonly scheduler: Scheduler
  readonly trace: PacketTrace
  readonly stats: WorldStats
  readonly reachability: Reachability
  readonly random: Random
  readonly latency: LatencyFunction
}

/** Sees a datagram as it leaves a socket; `bytes` is borrowed until the call returns. */
export type SendListener = (from: Endpoint, to: Endpoint, bytes: Uint8Array) => void

/** Where a packet goes next, and whose address it bears by then. */
interface Hop {
  readonly target: SimHost | Nat
  readonly from: Endpoint
}

const LOOPBACK_LINK: LinkProperties = { ...PERFECT_LINK, latencyMs: LOOPBACK_LATENCY_MS }

/** The path between hosts behind one NAT. */
const LAN_LINK: LinkProperties = { ...PERFECT_LINK, latencyMs: LAN_LATENCY_MS }

/** The network of a world. */
export class Network {
  /** The realm of globally reachable addresses. */
  readonly publicRealm = new Realm(undefined)
  readonly modules: NetworkModules
  /** Called for every datagram that is sent. */
  readonly sendListeners = new Set<SendListener>()
  readonly #pairLinks = new Map<string, Partial<LinkProperties>>()
  readonly #links = new Map<SimHost, Map<SimHost | Nat, LinkProperties>>()
  #defaultLink: LinkProperties
  #plain: LinkProperties | undefined
  readonly #busyUntil = new Map<string, number>()
  readonly #arena = new ByteArena()

  constructor(modules: NetworkModules, options: { defaultLink: LinkProperties }) {
    this.modules = modules
    this.#defaultLink = options.defaultLink
  }

  /** Changes the link that every path has unless a pair has its own. */
  changeDefaultLink(link: Partial<LinkProperties>): void {
    this.#defaultLink = { ...this.#defaultLink, ...link }
    this.forgetLinks()
  }

  /** Must be called when a link changed: joined links are remembered. */
  forgetLinks(): void {
    this.#links.clear()
    this.#plain = undefined
  }

  /** Gives the path from one place to another its own properties. */
  setPairLink(from: Place, to: Place, link: Partial<LinkProperties> | undefined): void {
    const key = `${from.name}|${to.name}`
    if (link === undefined) this.#pairLinks.delete(key)
    else this.#pairLinks.set(key, { ...this.#pairLinks.get(key), ...link })
    this.forgetLinks()
  }

  /** Sends one datagram; `bytes` is copied. */
  send(sender: SimHost, from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    const { stats, scheduler } = this.modules
    stats.datagramsSent++
    stats.bytesSent += bytes.length
    sender.stats.datagramsSent++
    sender.stats.bytesSent += bytes.length
    for (const listener of this.sendListeners) listener(from, to, bytes)
    if (isMulticast(to.host)) return this.#sendToGroup(sender, from, to, bytes)
    const hop = this.route(sender, from, to, scheduler.now)
    if (typeof hop === 'string') return this.drop(hop, from, to, bytes)
    const link = this.linkBetween(sender, hop.target)
    if (bytes.length > Math.min(link.datagramBytesMax, DATAGRAM_BYTES_MAX)) {
      return this.drop('too big', from, to, bytes)
    }
    const cut = this.#cutBetween(sender, hop.target)
    if (cut !== undefined) return this.drop(cut, from, to, bytes)
    if (this.chance(link.lossProbability)) return this.drop('lost', from, to, bytes)
    this.#dispatch(sender, hop, link, to, bytes)
    if (!this.chance(link.duplicateProbability)) return
    stats.datagramsDuplicated++
    this.#dispatch(sender, hop, link, to, bytes)
  }

  /** Finds who answers for `to` as seen from `sender`, translating the source on the way out. */
  route(sender: SimHost, from: Endpoint, to: Endpoint, now: number): Hop | DropReason {
    if (isLoopback(to.host)) return { target: sender, from }
    let realm = sender.realm
    let source = from
    for (;;) {
      const member = realm.members.get(to.host)
      if (member !== undefined) return { target: member, from: source }
      const gateway = realm.gateway
      if (gateway === undefined) return 'no route'
      const translated = gateway.translateOutbound(source, to, now)
      if (translated === undefined) return 'refused by nat'
      source = translated
      if (to.host === gateway.address && !gateway.behaviour.hairpins) return 'refused by nat'
      realm = gateway.outer
    }
  }

  /** Returns the joint properties of the path from a host to where its packet goes next. */
  linkBetween(sender: SimHost, target: SimHost | Nat): LinkProperties {
    const plain = this.#plainLink(sender, target)
    if (plain !== undefined) return plain
    let links = this.#links.get(sender)
    if (links === undefined) this.#links.set(sender, (links = new Map()))
    let link = links.get(target)
    if (link === undefined) links.set(target, (link = this.#computeLink(sender, target)))
    return link
  }

  /** Returns how long something of `length` bytes travels now, the wait in the sender's queue included. */
  delay(sender: SimHost, link: LinkProperties, length: number): number {
    const jitter = link.jitterMs > 0 ? this.modules.random.float() * link.jitterMs : 0
    return link.latencyMs + jitter + this.#queueing(sender, link, length)
  }

  /** Decides by chance. */
  chance(probability: number): boolean {
    return probability > 0 && this.modules.random.float() < probability
  }

  /** Records a datagram that did not arrive. */
  drop(reason: DropReason, from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    this.modules.stats.countDrop(reason)
    this.modules.trace.add(reason, this.modules.scheduler.now, from, to, bytes)
  }

  /** Where every path has the same delay and nobody has a link of its own, one object serves all pairs. */
  #plainLink(sender: SimHost, target: SimHost | Nat): LinkProperties | undefined {
    if (this.#pairLinks.size > 0 || sender.link !== PERFECT_LINK || target instanceof Nat)
      return undefined
    if (target.link !== PERFECT_LINK || sender.attachment === target.attachment) return undefined
    const latencyMs =
      this.#defaultLink.latencyMs + this.modules.latency(sender.attachment, target.attachment)
    this.#plain ??= { ...this.#defaultLink, latencyMs }
    return this.#plain.latencyMs === latencyMs ? this.#plain : undefined
  }

  #computeLink(sender: SimHost, target: SimHost | Nat): LinkProperties {
    if (sender === target) return LOOPBACK_LINK
    const path = joinLinks(this.#path(sender.attachment, target.attachment), sender.link)
    return target instanceof Nat ? path : joinLinks(path, target.link)
  }

  #path(from: Place, to: Place): LinkProperties {
    if (from === to) return LAN_LINK
    const pair = this.#pairLinks.get(`${from.name}|${to.name}`)
    const latencyMs = this.#defaultLink.latencyMs + this.modules.latency(from, to)
    return { ...this.#defaultLink, latencyMs, ...pair }
  }

  /** Groups reach the hosts of the sender's segment, the sender included, and nobody beyond. */
  #sendToGroup(sender: SimHost, from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    const isReached = (host: SimHost | Nat): host is SimHost =>
      !(host instanceof Nat) && host.segment !== undefined && host.segment === sender.segment
    const hosts = [...new Set(sender.realm.members.values())].filter(isReached)
    if (hosts.length === 0) return this.drop('no route', from, to, bytes)
    for (const target of hosts) {
      const link = this.linkBetween(sender, target)
      if (this.chance(link.lossProbability)) this.drop('lost', from, to, bytes)
      else this.#dispatch(sender, { target, from }, link, to, bytes)
    }
  }

  #dispatch(
    sender: SimHost,
    hop: Hop,
    link: LinkProperties,
    to: Endpoint,
    bytes: Uint8Array,
  ): void {
    const held = this.chance(link.reorderProbability) ? link.reorderDelayMs : 0
    const at = this.modules.scheduler.now + this.delay(sender, link, bytes.length) + held
    const ends = { sender, target: hop.target, from: hop.from, to }
    this.modules.scheduler.add(at, new Flight(this, ends, this.#arena.copy(bytes)))
  }

  /** Takes in a datagram that has travelled. */
  arrive({ sender, target: first, from, to, ownedBytes }: Flight, now: number): void {
    let target = first
    let destination = to
    while (target instanceof Nat) {
      const inner = target.translateInbound(from, destination, now)
      if (inner === undefined) return this.drop('refused by nat', from, to, ownedBytes)
      const next = target.inner.members.get(inner.host)
      if (next === undefined) return this.drop('no route', from, to, ownedBytes)
      target = next
      destination = inner
    }
    const cut = this.modules.reachability.cutBetween(sender.place, target.place)
    if (cut !== undefined) return this.drop(cut, from, to, ownedBytes)
    target.receiveDatagram(ownedBytes, from, destination)
  }

  #cutBetween(sender: SimHost, target: SimHost | Nat): DropReason | undefined {
    if (target instanceof Nat) return undefined
    return this.modules.reachability.cutBetween(sender.place, target.place)
  }

  #queueing(sender: SimHost, link: LinkProperties, length: number): number {
    if (link.bitsPerSecond === Infinity) return 0
    const now = this.modules.scheduler.now
    const free = Math.max(now, this.#busyUntil.get(sender.name) ?? 0)
    const sent = free + (length * 8000) / link.bitsPerSecond
    this.#busyUntil.set(sender.name, sent)
    return sent - now
  }
}

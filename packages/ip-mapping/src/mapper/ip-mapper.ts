/** The virtual network of one node: lease, resolver, router and local services, put together. */
import type { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import type { Instant } from '@ipop/runtime'
import { IpMappingError } from '../errors.ts'
import { parseIp } from '../ip/ip-address.ts'
import { formatIpv4, type Ipv4 } from '../ip/ipv4-address.ts'
import { formatIpv6 } from '../ip/ipv6-address.ts'
import { IPV6_PREFIX_LENGTH, Ipv6Network } from '../ip/ipv6-network.ts'
import { DhtMachineDriver } from '../lease/dht-machine.ts'
import type { LeaseEvent } from '../lease/lease-state.ts'
import type { NetworkSettings } from '../lease/network-settings.ts'
import { WakeupTimer } from '../lease/wakeup-timer.ts'
import { RELEASE_TIMEOUT_MS } from '../limits.ts'
import { AddressResolver } from '../resolver/address-resolver.ts'
import { IpRouter } from '../router/ip-router.ts'
import { Listeners, runAfterThisCallback } from './listeners.ts'
import { LocalServices } from './local-services.ts'
import { Lookups } from './lookups.ts'
import { createMembers, type IpMapperModules, type IpMapperOptions } from './options.ts'
import { createOwnAddress, type OwnAddress } from './own-address.ts'
import { leaseStatus, mappingStatus, type IpMapperStatus } from './status.ts'

/** Why an address may no longer be used. */
export type AddressLossCause = 'expired' | 'conflict' | 'declined' | 'released'

/** Runs the virtual network of one node. */
export class IpMapper {
  readonly #modules: IpMapperModules
  readonly #options: IpMapperOptions
  readonly #ownAddress: OwnAddress
  readonly #ipv6: Ipv6Network
  readonly #resolver: AddressResolver
  readonly #resolverDriver: DhtMachineDriver
  readonly #memberDriver: DhtMachineDriver | undefined
  readonly #lookups: Lookups
  readonly #services: LocalServices
  readonly #router: IpRouter
  readonly #routerTimer: WakeupTimer
  readonly #addressGained = new Listeners<[ip: string, prefixLength: number]>()
  readonly #addressLost = new Listeners<[ip: string, cause: AddressLossCause]>()
  readonly #conflicts = new Listeners<[ip: string, wasHeld: boolean]>()
  readonly #settingsKnown = new Listeners<[settings: NetworkSettings]>()
  #settings: NetworkSettings | undefined
  #state: 'new' | 'running' | 'stopped' = 'new'

  /** Throws IpMappingError when settings or static address cannot be used. */
  constructor(modules: IpMapperModules, options: IpMapperOptions) {
    this.#modules = modules
    this.#options = options
    const { random, log, timers } = modules
    const { namespace } = options
    this.#ipv6 = new Ipv6Network(namespace)
    this.#ownAddress = createOwnAddress(modules, options, {
      onSettings: (found, now) => this.#handleSettings(found, now),
      onLeaseEvent: (event, now) => this.#handleLeaseEvent(event, now),
    })
    this.#resolver = new AddressResolver({ random: random.fork('resolver'), log }, { namespace })
    this.#lookups = new Lookups({ resolver: this.#resolver })
    const ringModules = { ...modules, findNode: modules.carrier.findNode }
    this.#resolverDriver = new DhtMachineDriver(ringModules, {
      machine: this.#resolver,
      afterStep: (now) => this.#takeResolverEvents(now),
    })
    const members = createMembers(modules, options)
    this.#memberDriver =
      members && new DhtMachineDriver(modules, { machine: members, afterStep: () => undefined })
    const parts = { ...modules, resolver: this.#resolver, ownAddress: this.#ownAddress }
    const deliver = (packet: Uint8Array) => this.#router.deliver(packet)
    this.#services = new LocalServices({ ...parts, deliver }, options)
    this.#router = new IpRouter({
      ...parts,
      ipv6: this.#ipv6,
      device: this.#services.device,
      schedule: modules.schedule ?? runAfterThisCallback,
      members,
      services: [this.#services],
    })
    this.#routerTimer = new WakeupTimer(timers)
  }

  /** Name of the virtual network. */
  get namespace(): string {
    return this.#options.namespace
  }

  /** The network's settings, once they are known. */
  get settings(): NetworkSettings | undefined {
    return this.#settings
  }

  /** Starts to get an address and to move packets; call it when the node is on the ring. */
  start(): void {
    if (this.#state !== 'new') {
      throw new IpMappingError({ code: 'IP_MAPPING_STOPPED', problem: 'start it once' })
    }
    this.#state = 'running'
    const { carrier, forwarding } = this.#modules
    this.#services.device.onPackets((packets) =>
      this.#step((now) => this.#router.handleOutgoing(packets, now)),
    )
    carrier.onIpPacket((packet, from) =>
      this.#step((now) => this.#router.handleIncoming(packet, from, now)),
    )
    carrier.onChannelUp?.((peer) => this.#step((now) => this.#router.handleChannelUp(peer, now)))
    carrier.onPeerDown?.((peer) => this.#step(() => this.#router.handlePeerDown(peer)))
    carrier.onPeerUnreachable?.((peer) =>
      this.#step((now) => this.#router.handlePeerUnreachable(peer, now)),
    )
    carrier.onNeighborsChanged?.(() => this.handleRingChanged())
    forwarding?.onPunt((batch) => this.#step((now) => this.#router.handlePunted(batch, now)))
    this.#step((now) => this.#ownAddress.start(now))
  }

  /** Gives the address back and stops; waits for the DHT a bounded time. The device stays open. */
  async stop(): Promise<void> {
    if (this.#state !== 'running') return
    const { clock, timers } = this.#modules
    const released = this.#ownAddress.release(clock.now())
    this.#state = 'stopped'
    this.#lookups.close()
    await new Promise<void>((resolve) => {
      const giveUpAt = clock.now() + RELEASE_TIMEOUT_MS
      const timer = timers.at(giveUpAt, 'give up releasing', () => resolve())
      void released.then(() => {
        timer.cancel()
        resolve()
      })
    })
    this.#ownAddress.stop()
    this.#resolverDriver.stop()
    this.#memberDriver?.stop()
    this.#services.stop()
    this.#routerTimer.cancel()
    this.#router.setOwn(undefined)
    this.#router.setOwnIpv6(undefined)
  }

  /** Tells that the ring around the node changed, for carriers that do not. */
  handleRingChanged(): void {
    this.#step((now) => this.#ownAddress.handleRingChanged(now))
  }

  /** Calls `listener` for every address that may be used from now on; returns what undoes that. */
  onAddress(listener: (ip: string, prefixLength: number) => void): () => void {
    return this.#addressGained.add(listener)
  }

  /** Calls `listener` for every address that may no longer be used; returns what undoes that. */
  onAddressLost(listener: (ip: string, cause: AddressLossCause) => void): () => void {
    return this.#addressLost.add(listener)
  }

  /** Calls `listener` when another node turns out to hold our address; returns what undoes that. */
  onConflict(listener: (ip: string, wasHeld: boolean) => void): () => void {
    return this.#conflicts.add(listener)
  }

  /** Calls `listener` when the network's settings become known; returns what undoes that. */
  onSettings(listener: (settings: NetworkSettings) => void): () => void {
    return this.#settingsKnown.add(listener)
  }

  /** Returns the virtual addresses that may be used now. */
  virtualIps(): readonly string[] {
    const ip = this.#ownAddress.lease?.ip
    return ip === undefined ? [] : [formatIpv4(ip)]
  }

  /** The IPv6 address of this node with the network's prefix length, whether it is used or not. */
  get ipv6Cidr(): string {
    return `${formatIpv6(this.#ipv6.addressOf(this.#modules.carrier.address))}/${IPV6_PREFIX_LENGTH}`
  }

  /** The IPv6 address, if it may be used. */
  get virtualIpv6(): string | undefined {
    const ip = this.#router.ownIpv6
    return ip === undefined ? undefined : formatIpv6(ip)
  }

  /** Carries IPv6 from now on: the host has taken the address of `ipv6Cidr`. */
  useIpv6(): void {
    if (this.#state !== 'running') return
    this.#router.setOwnIpv6(this.#ipv6.addressOf(this.#modules.carrier.address))
  }

  /** Returns whether `host` is an IP literal inside the virtual network: no tunnel in the tunnel. */
  isVirtualAddress(host: string): boolean {
    const ip = parseIp(host.toLowerCase().replace(/^::ffff:(?=[\d.]+$)/, ''))
    if (ip instanceof Malformed) return false
    return typeof ip === 'bigint' ? this.#ipv6.contains(ip) : this.#isInNetwork(ip)
  }

  /** Returns the node that holds a virtual address. */
  resolve(ip: string): Promise<Address | undefined> {
    const parsed = parseIp(ip)
    if (parsed instanceof Malformed || this.#state === 'stopped') return Promise.resolve(undefined)
    const { carrier } = this.#modules
    if (parsed === this.#ownAddress.lease?.ip || parsed === this.#router.ownIpv6)
      return Promise.resolve(carrier.address)
    return new Promise((resolve) => {
      this.#step((now) => this.#lookups.resolve(parsed, resolve, now))
    })
  }

  /** Writes packets that wait for the device now. */
  flush(): void {
    this.#router.flush()
  }

  /** Returns a snapshot for display. */
  status(): IpMapperStatus {
    const now = this.#modules.clock.now()
    const { lease } = this.#ownAddress
    return {
      namespace: this.namespace,
      network: this.#settings?.network.toString(),
      virtualIps: this.virtualIps(),
      virtualIpv6: this.virtualIpv6,
      problem: this.#ownAddress.problem,
      lease: lease && leaseStatus(lease.state, now),
      mappings: mappingStatus(this.#resolver, now),
      counters: structuredClone(this.#router.counters),
      waitingPackets: this.#router.waitingCount,
      rows: this.#router.rowCount,
    }
  }

  /** Runs one entry from outside, then carries out what it asked for. */
  #step(enter: (now: Instant) => void): void {
    if (this.#state !== 'running') return
    const now = this.#modules.clock.now()
    enter(now)
    this.#afterStep(now)
  }

  #afterStep(now: Instant): void {
    if (this.#state !== 'running') return
    this.#resolverDriver.pump(now)
    this.#memberDriver?.pump(now)
    this.#routerTimer.arm(this.#router.pollTimeout(), (at) => {
      this.#router.handleTimeout(at)
      this.#afterStep(at)
    })
  }

  #takeResolverEvents(now: Instant): void {
    for (let event = this.#resolver.pollEvent(); event; event = this.#resolver.pollEvent()) {
      this.#router.handleResolverEvent(event, now)
      this.#lookups.handleResolverEvent(event)
      this.#services.handleResolverEvent(event)
    }
  }

  #handleSettings(settings: NetworkSettings, now: Instant): void {
    this.#settings = settings
    this.#modules.log.write('info', 'virtual network', { network: settings.network.toString() })
    this.#setOwn(undefined, now)
    this.#settingsKnown.emit(settings)
  }

  #handleLeaseEvent(event: LeaseEvent, now: Instant): void {
    const { log } = this.#modules
    switch (event.kind) {
      case 'acquired':
        log.write('info', 'virtual address acquired', { ip: formatIpv4(event.ip) })
        this.#setOwn(event.ip, now)
        return this.#addressGained.emit(
          formatIpv4(event.ip),
          this.#settings?.network.prefixLength ?? 32,
        )
      case 'lost':
        log.write('info', 'virtual address lost', { ip: formatIpv4(event.ip), cause: event.cause })
        this.#setOwn(undefined, now)
        return this.#addressLost.emit(formatIpv4(event.ip), event.cause)
      case 'conflict':
        log.write('warn', 'virtual address is held by another node', { ip: formatIpv4(event.ip) })
        return this.#conflicts.emit(formatIpv4(event.ip), event.wasHeld)
      case 'exhausted':
        return log.write('warn', 'no free virtual address found', { round: event.round })
      case 'renewed':
        return log.write('debug', 'virtual address renewed', { ip: formatIpv4(event.ip) })
    }
  }

  #setOwn(ip: Ipv4 | undefined, now: Instant): void {
    const network = this.#settings?.network
    if (network === undefined) return
    this.#router.setOwn({ network, ip })
    this.#services.setOwn({ network, ip }, now)
  }

  #isInNetwork(ip: Ipv4): boolean {
    return this.#settings?.network.contains(ip) === true
  }
}

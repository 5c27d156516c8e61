/** A simulated machine: its addresses, its link, and the process that runs on it. */
import type { Endpoint, InterfaceAddress, Random, Runtime } from '@ipop/runtime'
import { socketError } from '../errors.ts'
import { PAUSED_DATAGRAMS_MAX } from '../limits.ts'
import { ipFamily, isLoopback, isWildcard } from '../network/ip.ts'
import type { Place } from '../network/latency.ts'
import { PERFECT_LINK } from '../network/link.ts'
import type { LinkProperties } from '../network/link.ts'
import type { Network } from '../network/network.ts'
import type { Realm } from '../network/realm.ts'
import { HostLog } from '../world/log-book.ts'
import type { LogBook } from '../world/log-book.ts'
import type { Scheduler } from '../world/scheduler.ts'
import type { HostStats } from '../world/stats.ts'
import { HostClock, ProcessTimers } from './clock.ts'
import { SimDatagramPort } from './datagrams.ts'
import type { SimDatagramSocket } from './datagrams.ts'
import { Process } from './process.ts'
import { SimStreamPort } from './stream-port.ts'

/** What a host works with. */
export interface HostModules {
  readonly scheduler: Scheduler
  readonly network: Network
  readonly logBook: LogBook
  readonly random: Random
  readonly stats: HostStats
  /** Returns the addresses of a host name. */
  readonly lookup: (hostName: string) => readonly string[]
}

/** What a host is made with. */
export interface HostSettings {
  readonly place: Place
  readonly realm: Realm
  readonly addresses: readonly string[]
  readonly poisonsBuffers: boolean
  /** The local network that its multicast reaches; none without a name. */
  readonly segment?: string | undefined
}

/** What one boot of a host consists of. */
interface Boot {
  readonly process: Process
  readonly runtime: Runtime
  readonly datagrams: SimDatagramPort
  readonly streams: SimStreamPort
}

/** A machine in the world. Make one with `world.addHost`. */
export class SimHost {
  readonly place: Place
  readonly realm: Realm
  /** The place its packets come from as the public network sees it. */
  readonly attachment: Place
  readonly stats: HostStats
  /** The local network that its multicast reaches. */
  readonly segment: string | undefined
  /** Properties of its access link; change them with `setLink`. */
  link: LinkProperties = PERFECT_LINK
  readonly #modules: HostModules
  readonly #clock: HostClock
  readonly #poisonsBuffers: boolean
  #addresses: readonly string[]
  #boots = 0
  #boot: Boot

  constructor(modules: HostModules, settings: HostSettings) {
    this.#modules = modules
    this.place = settings.place
    this.realm = settings.realm
    this.attachment = settings.realm.gateway?.attachment ?? settings.place
    this.stats = modules.stats
    this.segment = settings.segment
    this.#addresses = settings.addresses
    this.#poisonsBuffers = settings.poisonsBuffers
    this.#clock = new HostClock(() => modules.scheduler.now)
    this.#boot = this.#start()
  }

  /** Its unique name. */
  get name(): string {
    return this.place.name
  }

  /** The ports for the program that runs on it. A restart makes new ones; those of before stay dead. */
  get runtime(): Runtime {
    return this.#boot.runtime
  }

  /** Its addresses, loopback excluded. */
  get addresses(): readonly string[] {
    return this.#addresses
  }

  /** Its first address. */
  get address(): string {
    return this.#addresses[0] as string
  }

  /** Whether its process runs or is paused. */
  get isUp(): boolean {
    return this.#boot.process.isAlive
  }

  /** Whether its process is paused. */
  get isPaused(): boolean {
    return this.#boot.process.isPaused
  }

  /** Ends the process without a goodbye: sockets vanish, timers never fire, promises never settle. */
  crash(): void {
    this.#boot.process.kill()
  }

  /** Boots the machine again after `crash` (or crashes it first) and returns the new runtime. */
  restart(): Runtime {
    this.crash()
    this.#boot = this.#start()
    return this.#boot.runtime
  }

  /** Stops the process as SIGSTOP does: timers and packets wait. */
  pause(): void {
    this.#boot.process.pause()
  }

  /** Continues after `pause`; what was due meanwhile happens at once, in order. */
  resume(): void {
    this.#boot.process.resume()
  }

  /** Changes its access link; properties that are not named keep their value. */
  setLink(link: Partial<LinkProperties>): void {
    this.link = { ...this.link, ...link }
    this.#modules.network.forgetLinks()
  }

  /** Sets its calendar ahead (or behind) the world's; the monotonic clock is not affected. */
  setClockSkew(skewMs: number): void {
    this.#clock.skewMs = skewMs
  }

  /** Replaces its addresses, as moving to another network does; sockets stay bound. */
  setAddresses(addresses: readonly string[]): void {
    for (const address of this.#addresses) this.realm.members.delete(address)
    this.#addresses = addresses
    for (const address of addresses) this.realm.members.set(address, this)
  }

  /** Hands an arriving datagram to the socket it is for. */
  receiveDatagram(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    const { network, scheduler } = this.#modules
    const { process, datagrams } = this.#boot
    if (!process.isAlive) return network.drop('host down', from, to, bytes)
    const socket = datagrams.find(to)
    if (socket === undefined) return network.drop('no socket', from, to, bytes)
    if (process.isPaused && process.waitingCalls >= PAUSED_DATAGRAMS_MAX) {
      return network.drop('buffer full', from, to, bytes)
    }
    process.enter(scheduler.now, (now) => this.#deliver(socket, bytes, from, to, now))
  }

  /** Returns the stream port of the running process, for arriving connections. */
  streamPort(): SimStreamPort | undefined {
    return this.#boot.process.isAlive ? this.#boot.streams : undefined
  }

  /** Throws EADDRNOTAVAIL when `host` is not an address of this machine. */
  assertLocal(host: string): void {
    if (isWildcard(host) || isLoopback(host) || this.#addresses.includes(host)) return
    throw socketError('EADDRNOTAVAIL', `address not available ${host}`)
  }

  /** Returns the address that packets to `remote` leave from, for a socket bound to `bound`. */
  sourceAddress(bound: string, remote: string): string {
    if (bound === '0.0.0.0' && ipFamily(remote) === 6) return bound
    if (isLoopback(remote)) return isWildcard(bound) ? this.loopback(remote) : bound
    if (!isWildcard(bound)) return bound
    if (this.#addresses.includes(remote)) return remote
    const family = ipFamily(remote)
    return this.#addresses.find((address) => ipFamily(address) === family) ?? bound
  }

  /** Returns the loopback address of the family of `host`. */
  loopback(host: string): string {
    return ipFamily(host) === 6 ? '::1' : '127.0.0.1'
  }

  #deliver(
    socket: SimDatagramSocket,
    bytes: Uint8Array,
    from: Endpoint,
    to: Endpoint,
    now: number,
  ): void {
    const { network } = this.#modules
    if (!socket.isOpen) return network.drop('no socket', from, to, bytes)
    const { stats, trace } = network.modules
    stats.datagramsDelivered++
    stats.bytesDelivered += bytes.length
    this.stats.datagramsReceived++
    this.stats.bytesReceived += bytes.length
    trace.add('delivered', now, from, to, bytes)
    socket.handlers.onDatagram(bytes, from)
    // A handler that keeps borrowed bytes would work here and fail on a system that reuses its buffers.
    if (this.#poisonsBuffers) bytes.fill(0xdb)
  }

  #start(): Boot {
    const { scheduler, network, logBook } = this.#modules
    const random = this.#modules.random.fork(`boot ${++this.#boots}`)
    const process = new Process(scheduler, this.name)
    const sockets = { host: this, process, network }
    const ephemeral = random.fork('ephemeral ports')
    const datagrams = new SimDatagramPort(sockets, ephemeral.float())
    const streams = new SimStreamPort(sockets, ephemeral.float())
    const runtime: Runtime = {
      clock: this.#clock,
      timers: new ProcessTimers(process, (reason) => network.modules.stats.countTimer(reason)),
      random: random.fork('program'),
      log: new HostLog(logBook, this.name, () => scheduler.now),
      datagrams,
      streams,
      names: { resolve: (hostName) => Promise.resolve(this.#resolve(hostName)) },
      interfaces: { list: () => this.#interfaces() },
    }
    return { process, runtime, datagrams, streams }
  }

  #resolve(hostName: string): readonly string[] {
    if (ipFamily(hostName) !== undefined) return [hostName]
    return hostName === 'localhost' ? ['127.0.0.1'] : this.#modules.lookup(hostName)
  }

  #interfaces(): InterfaceAddress[] {
    const loopback: InterfaceAddress = {
      device: 'lo',
      host: '127.0.0.1',
      family: 4,
      prefixLength: 8,
      isInternal: true,
    }
    const others = this.#addresses.map((host, index): InterfaceAddress => {
      const family = ipFamily(host) ?? 4
      const prefixLength = family === 4 ? 24 : 64
      return { device: `eth${index}`, host, family, prefixLength, isInternal: false }
    })
    return [loopback, ...others]
  }
}

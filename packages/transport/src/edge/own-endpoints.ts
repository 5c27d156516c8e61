/** Which endpoints are a socket's own: the bound address, or every interface address for a wildcard. */
import type { Clock, Endpoint, Instant, NetworkInterfaces } from '@ipop/runtime'
import { isLinkLocalIpv6, isLoopback, isWildcard, parseIp } from '../address/ip-text.ts'
import { TransportAddress, type TransportKind } from '../address/transport-address.ts'

/** Interfaces change rarely, and listing them asks the system. */
const INTERFACES_REFRESH_MS = 5_000

/** Knows the addresses under which one bound socket is reached on this machine. */
export class OwnEndpoints {
  readonly #clock: Clock
  readonly #interfaces: NetworkInterfaces
  readonly #local: Endpoint
  readonly #kind: TransportKind
  readonly #family: 4 | 6
  #hosts: string[] = []
  #offered: readonly TransportAddress[] = []
  #listedAt: Instant = Number.NEGATIVE_INFINITY

  constructor(
    { clock, interfaces }: { clock: Clock; interfaces: NetworkInterfaces },
    { local, kind }: { local: Endpoint; kind: TransportKind },
  ) {
    this.#clock = clock
    this.#interfaces = interfaces
    this.#local = local
    this.#kind = kind
    this.#family = parseIp(local.host)?.length === 16 || local.host === '::' ? 6 : 4
  }

  /** The IP family of the socket. */
  get family(): 4 | 6 {
    return this.#family
  }

  /** Returns whether `endpoint` leads back to the socket itself. */
  includes(endpoint: Endpoint): boolean {
    if (endpoint.port !== this.#local.port) return false
    this.#refresh()
    return this.#hosts.includes(endpoint.host)
  }

  /** Returns the addresses to offer to others: loopback only when the machine has nothing else. */
  offered(): readonly TransportAddress[] {
    this.#refresh()
    return this.#offered
  }

  /** Returns whether `host` is one of the socket's addresses now. */
  has(host: string): boolean {
    this.#refresh()
    return this.#hosts.includes(host)
  }

  /** Asks the system again before the next answer. */
  forget(): void {
    this.#listedAt = Number.NEGATIVE_INFINITY
  }

  #refresh(): void {
    const now = this.#clock.now()
    if (now - this.#listedAt < INTERFACES_REFRESH_MS) return
    this.#listedAt = now
    if (!isWildcard(this.#local.host)) return this.#offer([this.#local.host], [])
    const listed = this.#interfaces.list().filter((entry) => entry.family === this.#family)
    const external = listed.filter(
      (entry) => !entry.isInternal && !isLoopback(entry.host) && !isLinkLocalIpv6(entry.host),
    )
    const hostOf = (entry: { host: string }) => entry.host
    this.#offer(listed.map(hostOf), external.map(hostOf))
  }

  #offer(hosts: string[], external: string[]): void {
    this.#hosts = hosts
    const { port } = this.#local
    this.#offered = (external.length > 0 ? external : hosts).map((host) =>
      TransportAddress[this.#kind]({ host, port }),
    )
  }
}

/** The cache behind the resolver: which node holds which IP address, and which addresses nobody holds. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import type { IpAddress } from '../ip/ip-address.ts'
import { RESOLVER_ENTRIES_MAX } from '../limits.ts'

/** What is known about one IP address. */
export interface Mapping {
  /** The node that holds it; undefined = nobody did when last asked. */
  readonly address: Address | undefined
  readonly expiresAt: Instant
  /** From then on a use causes a lookup in the background. */
  readonly refreshAt: Instant
  /** When the DHT was last asked. */
  readonly checkedAt: Instant
  /** Lookups in a row that found nobody. */
  readonly misses: number
}

/** A map with a cap that evicts what was not used longest. */
export class MappingTable {
  readonly #entries = new Map<IpAddress, Mapping>()

  /** How many addresses are known. */
  get size(): number {
    return this.#entries.size
  }

  /** Returns what is known about `ip` and counts it as used; expired knowledge is returned too. */
  use(ip: IpAddress): Mapping | undefined {
    const mapping = this.#entries.get(ip)
    if (mapping === undefined) return undefined
    this.#entries.delete(ip)
    this.#entries.set(ip, mapping)
    return mapping
  }

  /** Returns what is known about `ip`. */
  peek(ip: IpAddress): Mapping | undefined {
    return this.#entries.get(ip)
  }

  /** Stores what is known; returns the address that had to make room, if its mapping named a node. */
  set(ip: IpAddress, mapping: Mapping): IpAddress | undefined {
    this.#entries.delete(ip)
    this.#entries.set(ip, mapping)
    if (this.#entries.size <= RESOLVER_ENTRIES_MAX) return undefined
    const oldest = this.#entries.entries().next()
    if (oldest.done === true) return undefined
    this.#entries.delete(oldest.value[0])
    return oldest.value[1].address === undefined ? undefined : oldest.value[0]
  }

  /** Forgets `ip`. */
  delete(ip: IpAddress): void {
    this.#entries.delete(ip)
  }

  /** Lists everything, least recently used first. */
  entries(): IterableIterator<[IpAddress, Mapping]> {
    return this.#entries.entries()
  }
}

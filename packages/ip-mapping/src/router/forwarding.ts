/** Keeps the rows of a data plane in step with what resolver and carrier know. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import { hostPrefixLength, type IpAddress } from '../ip/ip-address.ts'
import { FORWARDING_CHECK_MS, FORWARDING_IDLE_MAX_MS, FORWARDING_ROWS_MAX } from '../limits.ts'
import type { AddressResolver } from '../resolver/address-resolver.ts'
import type { ForwardingTable } from '../services.ts'

/** Installs a row per remote address in use, and withdraws rows that are wrong or idle. */
export class ForwardingRows {
  readonly #table: ForwardingTable
  readonly #resolver: Pick<AddressResolver, 'resolve'>
  readonly #rows = new Map<IpAddress, Address>()
  #checkAt = Number.POSITIVE_INFINITY

  constructor(modules: { table: ForwardingTable; resolver: Pick<AddressResolver, 'resolve'> }) {
    this.#table = modules.table
    this.#resolver = modules.resolver
  }

  /** How many rows are installed. */
  get size(): number {
    return this.#rows.size
  }

  /** When `check` is due. */
  get checkAt(): Instant {
    return this.#checkAt
  }

  /** Installs the row `ip` -> `peer`, which has a session and holds the address. */
  install(ip: IpAddress, peer: Address, now: Instant): void {
    const present = this.#rows.get(ip)
    if (present?.equals(peer) === true) return
    if (present === undefined && this.#rows.size >= FORWARDING_ROWS_MAX) return
    this.#rows.set(ip, peer)
    this.#table.install({
      base: ip,
      prefixLength: hostPrefixLength(ip),
      peer,
      allowedSources: [ip],
    })
    if (this.#checkAt === Number.POSITIVE_INFINITY) this.#checkAt = now + FORWARDING_CHECK_MS
  }

  /** Withdraws the row of `ip`. */
  withdraw(ip: IpAddress): void {
    if (this.#rows.delete(ip)) this.#table.withdraw(ip, hostPrefixLength(ip))
    if (this.#rows.size === 0) this.#checkAt = Number.POSITIVE_INFINITY
  }

  /** Withdraws all rows to `peer`. */
  withdrawPeer(peer: Address): void {
    for (const [ip, address] of [...this.#rows]) if (address.equals(peer)) this.withdraw(ip)
  }

  /** Withdraws everything. */
  clear(): void {
    for (const ip of [...this.#rows.keys()]) this.withdraw(ip)
  }

  /** Withdraws idle rows and lets the resolver refresh the others, whose packets it never sees. */
  check(now: Instant): void {
    if (this.#checkAt > now) return
    this.#checkAt = now + FORWARDING_CHECK_MS
    for (const [ip, peer] of [...this.#rows]) {
      const idleMs = this.#table.idleMs?.(ip, hostPrefixLength(ip)) ?? 0
      const resolution =
        idleMs >= FORWARDING_IDLE_MAX_MS ? undefined : this.#resolver.resolve(ip, now)
      if (resolution?.kind !== 'known' || !resolution.address.equals(peer)) this.withdraw(ip)
    }
  }
}

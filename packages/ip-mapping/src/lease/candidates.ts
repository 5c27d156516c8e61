/** Which address to ask for next. */
import type { Instant, Random } from '@ipop/runtime'
import type { Ipv4 } from '../ip/ipv4-address.ts'
import type { Ipv4Network } from '../ip/ipv4-network.ts'
import { LEASE_EXCLUDED_MAX, LEASE_SCAN_MAX } from '../limits.ts'

/** Chooses random usable addresses and remembers which ones not to try for a while. */
export class Candidates {
  readonly #random: Random
  readonly #network: Ipv4Network
  readonly #excludedUntil = new Map<Ipv4, Instant>()

  constructor(modules: { random: Random }, options: { network: Ipv4Network }) {
    this.#random = modules.random
    this.#network = options.network
  }

  /** Keeps `ip` from being chosen before `until`. */
  exclude(ip: Ipv4, until: Instant): void {
    this.#excludedUntil.delete(ip)
    if (this.#excludedUntil.size >= LEASE_EXCLUDED_MAX) {
      const oldest = this.#excludedUntil.keys().next()
      if (oldest.done !== true) this.#excludedUntil.delete(oldest.value)
    }
    this.#excludedUntil.set(ip, until)
  }

  /** Returns whether `ip` may be asked for now. */
  isAllowed(ip: Ipv4, now: Instant): boolean {
    if (!this.#network.isUsable(ip)) return false
    const until = this.#excludedUntil.get(ip)
    return until === undefined || until <= now
  }

  /**
   * Returns a random allowed address, or undefined when there is none in reach. A random start and a scan from
   * there: in a nearly full subnet pure chance would take forever to hit the last free address.
   */
  next(now: Instant): Ipv4 | undefined {
    const { first, last } = this.#network.usableRange()
    const size = last - first + 1
    const start = this.#random.below(size)
    const scan = Math.min(size, LEASE_SCAN_MAX)
    for (let step = 0; step < scan; step += 1) {
      const ip = first + ((start + step) % size)
      if (this.isAllowed(ip, now)) return ip
    }
    return undefined
  }
}

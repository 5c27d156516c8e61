/** Packets that wait for something to become known about an IP address, bounded per address and in total. */
import type { Instant } from '@ipop/runtime'
import type { IpAddress } from '../ip/ip-address.ts'
import { WAITING_MAX_MS, WAITING_PACKETS_MAX, WAITING_PACKETS_PER_IP_MAX } from '../limits.ts'

interface Waiting<T> {
  readonly deadline: Instant
  readonly items: T[]
}

/** First in, first out per address; all packets of an address share the deadline of the first. */
export class WaitQueue<T> {
  readonly #waiting = new Map<IpAddress, Waiting<T>>()
  #size = 0

  /** Packets that wait now. */
  get size(): number {
    return this.#size
  }

  /** Addresses that packets wait for, oldest first. */
  keys(): IpAddress[] {
    return [...this.#waiting.keys()]
  }

  /** Queues `item`; returns false when it was refused because the queues are full. */
  push(ip: IpAddress, item: T, now: Instant): boolean {
    if (this.#size >= WAITING_PACKETS_MAX) return false
    const waiting = this.#waiting.get(ip)
    if (waiting === undefined) {
      this.#waiting.set(ip, { deadline: now + WAITING_MAX_MS, items: [item] })
    } else {
      if (waiting.items.length >= WAITING_PACKETS_PER_IP_MAX) return false
      waiting.items.push(item)
    }
    this.#size += 1
    return true
  }

  /** Returns whether packets wait for `ip`. */
  has(ip: IpAddress): boolean {
    return this.#waiting.has(ip)
  }

  /** Takes out everything that waits for `ip`, in order. */
  take(ip: IpAddress): T[] {
    const waiting = this.#waiting.get(ip)
    if (waiting === undefined) return []
    this.#waiting.delete(ip)
    this.#size -= waiting.items.length
    return waiting.items
  }

  /** Offers what waits for `ip` to `accept`, in order, until it refuses one; the refused and later ones stay. */
  drain(ip: IpAddress, accept: (item: T) => boolean): void {
    const waiting = this.#waiting.get(ip)
    if (waiting === undefined) return
    let accepted = 0
    for (const item of waiting.items) {
      if (!accept(item)) break
      accepted += 1
    }
    waiting.items.splice(0, accepted)
    this.#size -= accepted
    if (waiting.items.length === 0) this.#waiting.delete(ip)
  }

  /** When the next address runs out of time. */
  get nextDeadline(): Instant {
    const first = this.#waiting.values().next()
    return first.done === true ? Number.POSITIVE_INFINITY : first.value.deadline
  }

  /** Returns the addresses whose time is over; `take` them. */
  overdue(now: Instant): IpAddress[] {
    const ips: IpAddress[] = []
    for (const [ip, waiting] of this.#waiting) {
      if (waiting.deadline > now) break
      ips.push(ip)
    }
    return ips
  }
}

/** Promises that wait for the resolver. */
import type { Address } from '@ipop/address'
import type { Instant } from '@ipop/runtime'
import type { IpAddress } from '../ip/ip-address.ts'
import { RESOLVE_CALLERS_MAX } from '../limits.ts'
import type { AddressResolver, ResolverEvent } from '../resolver/address-resolver.ts'

type Finish = (address: Address | undefined) => void

/** Turns resolver events into answers for whoever asked. */
export class Lookups {
  readonly #resolver: AddressResolver
  readonly #waiting = new Map<IpAddress, Finish[]>()
  #count = 0

  constructor(modules: { resolver: AddressResolver }) {
    this.#resolver = modules.resolver
  }

  /** Calls `finish` with the holder of `ip`, at once or later. */
  resolve(ip: IpAddress, finish: Finish, now: Instant): void {
    const resolution = this.#resolver.resolve(ip, now)
    if (resolution.kind === 'known') return finish(resolution.address)
    if (resolution.kind === 'nobody' || this.#count >= RESOLVE_CALLERS_MAX) return finish(undefined)
    const waiting = this.#waiting.get(ip) ?? []
    waiting.push(finish)
    this.#waiting.set(ip, waiting)
    this.#count += 1
  }

  /** Answers those who wait for the address of `event`. */
  handleResolverEvent(event: ResolverEvent): void {
    if (event.kind === 'dropped') return
    this.#finish(event.ip, event.kind === 'resolved' ? event.address : undefined)
  }

  /** Answers everybody who waits with nothing. */
  close(): void {
    for (const ip of [...this.#waiting.keys()]) this.#finish(ip, undefined)
  }

  #finish(ip: IpAddress, address: Address | undefined): void {
    const waiting = this.#waiting.get(ip)
    if (waiting === undefined) return
    this.#waiting.delete(ip)
    this.#count -= waiting.length
    for (const finish of waiting) finish(address)
  }
}

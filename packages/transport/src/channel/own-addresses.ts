/** Where this node can be reached: what its listeners know and what others report. */
import type { Instant, Log } from '@ipop/runtime'
import { ReflexiveAddresses } from '../address/reflexive-addresses.ts'
import type { TransportAddress } from '../address/transport-address.ts'
import { HINT_ENDPOINTS_MAX } from '../limits.ts'

/** The listeners' side of it. */
export interface LocalAddressSource {
  readonly isAddressAllowed: (host: string) => boolean
  localAddresses(): TransportAddress[]
}

/** The endpoints of this node's own hint. */
export class OwnAddresses {
  /** What others report. */
  readonly reflexive = new ReflexiveAddresses()
  readonly #log: Log
  readonly #local: LocalAddressSource

  constructor(log: Log, local: LocalAddressSource) {
    this.#log = log
    this.#local = local
  }

  /** Returns the endpoints to offer: local ones first, room kept for reflexive ones. */
  endpoints(now: Instant): TransportAddress[] {
    const endpoints = new Map<string, TransportAddress>()
    const reflexive = this.reflexive
      .offered(now)
      .filter((ta) => this.#local.isAddressAllowed(ta.host))
    const local = this.#local.localAddresses().slice(0, HINT_ENDPOINTS_MAX - reflexive.length)
    for (const ta of [...local, ...reflexive]) endpoints.set(ta.toString(), ta)
    return [...endpoints.values()]
  }

  /** Takes into account that `reporter` sees this node at `observed`. */
  observe(observed: TransportAddress, reporter: string, now: Instant): void {
    if (this.#local.localAddresses().some((ta) => ta.equals(observed))) return
    if (!this.reflexive.observe(observed, reporter, now)) return
    this.#log.write('debug', 'reflexive address', { observed: observed.toString() })
  }
}

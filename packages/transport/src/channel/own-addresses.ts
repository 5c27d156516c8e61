/** Where this node can be reached: what its listeners know and what others report. */
import type { Instant, Log } from '@ipop/runtime'
import { ReflexiveAddresses } from '../address/reflexive-addresses.ts'
import { TransportAddress } from '../address/transport-address.ts'
import { HINT_ENDPOINTS_MAX } from '../limits.ts'

/** Guessed stream addresses are few: each costs a peer without another way one attempt. */
const STREAMS_OFFERED = 2

/** One port of each kind is enough to be reached by. */
const MAPPED_OFFERED = 4

/** The listeners' side of it, and what a gateway forwards to them. */
export interface LocalAddressSource {
  readonly isAddressAllowed: (host: string) => boolean
  localAddresses(): TransportAddress[]
  isLocal(ta: TransportAddress): boolean
  mappedAddresses(): readonly TransportAddress[]
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

  /** Returns the endpoints to offer: local ones first, room kept for those outside. */
  endpoints(now: Instant): TransportAddress[] {
    const endpoints = new Map<string, TransportAddress>()
    const reflexive = this.reflexive
      .offered(now)
      .filter((ta) => this.#local.isAddressAllowed(ta.host))
    const all = this.#local.localAddresses()
    const outside = [...this.#mapped(), ...reflexive, ...streamsBehind(reflexive, all)]
    const local = all.slice(0, HINT_ENDPOINTS_MAX - outside.length)
    for (const ta of [...local, ...outside]) endpoints.set(ta.toString(), ta)
    return [...endpoints.values()]
  }

  #mapped(): TransportAddress[] {
    const mapped = this.#local.mappedAddresses().slice(0, MAPPED_OFFERED)
    return mapped.filter((ta) => this.#local.isAddressAllowed(ta.host))
  }

  /** Takes into account that `reporter` sees this node at `observed`. */
  observe(observed: TransportAddress, reporter: string, now: Instant): void {
    if (this.#local.isLocal(observed)) return
    if (!this.reflexive.observe(observed, reporter, now)) return
    this.#log.write('debug', 'reflexive address', { observed: observed.toString() })
  }
}

/** A NAT that keeps UDP ports often keeps TCP's too, and a full cone or a forwarded port lets streams in. */
function streamsBehind(
  reflexive: readonly TransportAddress[],
  local: readonly TransportAddress[],
): TransportAddress[] {
  if (reflexive.length === 0) return []
  const portsOf = (kind: string) =>
    new Set(local.filter((ta) => ta.kind === kind).map((ta) => ta.port))
  const [udp, tcp] = [portsOf('udp'), portsOf('tcp')]
  const hosts = new Set(reflexive.filter(({ port }) => udp.has(port)).map(({ host }) => host))
  const streams = [...hosts].flatMap((host) =>
    [...tcp].map((port) => TransportAddress.tcp({ host, port })),
  )
  return streams.slice(0, STREAMS_OFFERED)
}

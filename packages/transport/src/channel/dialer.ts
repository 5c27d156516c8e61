/** Turns endpoints into edges: which listener, which address of a name, and which endpoints are never used. */
import type { Address } from '@ipop/address'
import type { Log, NameResolver } from '@ipop/runtime'
import { isLinkLocalIpv6, isLoopback, isWildcard } from '../address/ip-text.ts'
import type { PeerHint } from '../address/peer-hint.ts'
import type { TransportAddress } from '../address/transport-address.ts'
import type { Edge, EdgeListener } from '../edge/edge.ts'
import { HINT_ENDPOINTS_MAX, MACHINE_PEERS_MAX } from '../limits.ts'

/** Dials over the listeners of one node. */
export class Dialer {
  /** Decides whether an IP literal may be used at all. */
  isAddressAllowed: (host: string) => boolean = () => true
  readonly #names: NameResolver
  readonly #log: Log
  readonly #listeners: readonly EdgeListener[]
  readonly #machinePeers = new Set<string>()

  constructor(
    { names, log }: { names: NameResolver; log: Log },
    { listeners }: { listeners: readonly EdgeListener[] },
  ) {
    this.#names = names
    this.#log = log
    this.#listeners = listeners
  }

  /** Returns where this node can be reached, as its listeners know. */
  localAddresses(): TransportAddress[] {
    return this.#listeners
      .flatMap((listener) => listener.localAddresses())
      .filter((ta) => this.isAddressAllowed(ta.host))
  }

  /** Returns whether this node can be reached at `ta`, as its listeners know. */
  isLocal(ta: TransportAddress): boolean {
    for (const listener of this.#listeners)
      for (const local of listener.localAddresses())
        if (local.equals(ta)) return this.isAddressAllowed(ta.host)
    return false
  }

  /** Remembers that a peer was heard over loopback, and so lives on this machine. */
  noteMachinePeer(key: string): void {
    if (this.#machinePeers.has(key)) return
    if (this.#machinePeers.size >= MACHINE_PEERS_MAX) {
      const [oldest] = this.#machinePeers
      if (oldest !== undefined) this.#machinePeers.delete(oldest)
    }
    this.#machinePeers.add(key)
  }

  /**
   * Returns the endpoints of a hint that may be dialled: literals only, since a peer must not cause name lookups, and
   * loopback only for a peer on this machine, since elsewhere it names somebody else. What an `introducer` on this
   * machine calls loopback is this machine's.
   */
  usableEndpoints(
    hint: Pick<PeerHint, 'address' | 'endpoints'>,
    introducer?: Address,
  ): TransportAddress[] {
    const endpoints = hint.endpoints.slice(0, HINT_ENDPOINTS_MAX)
    const isFromNear = introducer !== undefined && this.#machinePeers.has(introducer.key)
    const isNear = isFromNear || this.#isOnThisMachine(hint)
    return endpoints.filter((ta) => {
      if (!ta.isLiteral || isWildcard(ta.host) || isLinkLocalIpv6(ta.host)) return false
      return this.isAddressAllowed(ta.host) && (isNear || !isLoopback(ta.host))
    })
  }

  /** Calls `onEdge` with every edge that can be made to `ta`, now or later. */
  dial(ta: TransportAddress, onEdge: (edge: Edge) => void): void {
    if (ta.isLiteral) return this.#dialLiteral(ta, onEdge)
    this.#names.resolve(ta.host).then(
      (hosts) => {
        for (const host of hosts) {
          const resolved = ta.withHost(host)
          if (resolved.isLiteral) this.#dialLiteral(resolved, onEdge)
        }
      },
      (error: unknown) => this.#log.write('warn', 'name not resolved', { host: ta.host, error }),
    )
  }

  #dialLiteral(ta: TransportAddress, onEdge: (edge: Edge) => void): void {
    if (!this.isAddressAllowed(ta.host)) return
    for (const listener of this.#listeners) {
      if (listener.kind !== ta.kind) continue
      const result = listener.dial(ta)
      if (result === undefined) continue
      if (!(result instanceof Promise)) {
        onEdge(result)
        continue
      }
      result.then(
        (edge) => edge && onEdge(edge),
        (error: unknown) => this.#log.write('debug', 'dial failed', { ta: ta.toString(), error }),
      )
    }
  }

  #isOnThisMachine(hint: Pick<PeerHint, 'address' | 'endpoints'>): boolean {
    if (this.#machinePeers.has(hint.address.key)) return true
    const own = this.localAddresses()
    // Bound to loopback only, a node can meet nobody else.
    if (own.length > 0 && own.every((ta) => isLoopback(ta.host))) return true
    const hosts = new Set(own.map((ta) => ta.host))
    return hint.endpoints.some((ta) => !isLoopback(ta.host) && hosts.has(ta.host))
  }
}

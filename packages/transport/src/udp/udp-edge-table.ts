/** The edges of one UDP socket, by endpoint: a bounded cache. */
import type { Endpoint, Instant } from '@ipop/runtime'
import { UDP_EDGE_IDLE_MS, UDP_EDGES_MAX } from '../limits.ts'
import type { UdpEdge } from './udp-edge.ts'

/** How many entries are looked at for an idle one when the table is full. */
const EVICTION_SCAN = 16

/** Holds edges whose datagrams were authenticated, or that were dialled. Losing one only costs its remaking. */
export class UdpEdgeTable {
  /** In the order in which they came. */
  readonly #edges = new Set<UdpEdge>()
  /** Few ports share a host; a key made of both would have to be made for every datagram. */
  readonly #byHost = new Map<string, UdpEdge[]>()
  readonly #max: number
  #last: UdpEdge | undefined

  constructor(max: number = UDP_EDGES_MAX) {
    this.#max = max
  }

  /** Counts the edges held. */
  get size(): number {
    return this.#edges.size
  }

  /** Returns the edge to `endpoint`. */
  get(endpoint: Endpoint): UdpEdge | undefined {
    const last = this.#last
    if (last && last.endpoint.port === endpoint.port && last.endpoint.host === endpoint.host) {
      return last
    }
    const edge = this.#find(endpoint)
    if (edge) this.#last = edge
    return edge
  }

  /** Holds `edge`, dropping an idle or the oldest one when the table is full. */
  hold(edge: UdpEdge, now: Instant): void {
    edge.lastUsedAt = now
    if (this.#edges.has(edge)) return
    if (this.#edges.size >= this.#max) this.#evict(now)
    const known = this.#find(edge.endpoint)
    if (known) this.#remove(known)
    this.#edges.add(edge)
    const { host } = edge.endpoint
    const others = this.#byHost.get(host)
    if (others) others.push(edge)
    else this.#byHost.set(host, [edge])
  }

  /** Forgets `edge`. */
  forget(edge: UdpEdge): void {
    if (this.#edges.has(edge)) this.#remove(edge)
    if (this.#last === edge) this.#last = undefined
  }

  /** Forgets all edges. */
  clear(): void {
    this.#edges.clear()
    this.#byHost.clear()
    this.#last = undefined
  }

  #find({ host, port }: Endpoint): UdpEdge | undefined {
    for (const edge of this.#byHost.get(host) ?? NONE) if (edge.endpoint.port === port) return edge
    return undefined
  }

  #remove(edge: UdpEdge): void {
    this.#edges.delete(edge)
    const { host } = edge.endpoint
    const rest = (this.#byHost.get(host) ?? NONE).filter((other) => other !== edge)
    if (rest.length > 0) this.#byHost.set(host, rest)
    else this.#byHost.delete(host)
  }

  #evict(now: Instant): void {
    let oldest: UdpEdge | undefined
    let scanned = 0
    for (const edge of this.#edges) {
      if (!oldest || edge.lastUsedAt < oldest.lastUsedAt) oldest = edge
      if (now - edge.lastUsedAt >= UDP_EDGE_IDLE_MS || ++scanned >= EVICTION_SCAN) break
    }
    if (oldest) this.forget(oldest)
  }
}

const NONE: readonly UdpEdge[] = []

/** The edges of one UDP socket, by endpoint: a bounded cache. */
import type { Endpoint, Instant } from '@ipop/runtime'
import { UDP_EDGE_IDLE_MS, UDP_EDGES_MAX } from '../limits.ts'
import type { UdpEdge } from './udp-edge.ts'

/** How many entries are looked at for an idle one when the table is full. */
const EVICTION_SCAN = 16

/** Holds edges whose datagrams were authenticated, or that were dialled. Losing one only costs its remaking. */
export class UdpEdgeTable {
  readonly #edges = new Map<string, UdpEdge>()
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
    const edge = this.#edges.get(keyOf(endpoint))
    if (edge) this.#last = edge
    return edge
  }

  /** Holds `edge`, dropping an idle or the oldest one when the table is full. */
  hold(edge: UdpEdge, now: Instant): void {
    const key = keyOf(edge.endpoint)
    edge.lastUsedAt = now
    if (this.#edges.get(key) === edge) return
    if (this.#edges.size >= this.#max) this.#evict(now)
    this.#edges.delete(key)
    this.#edges.set(key, edge)
  }

  /** Forgets `edge`. */
  forget(edge: UdpEdge): void {
    const key = keyOf(edge.endpoint)
    if (this.#edges.get(key) === edge) this.#edges.delete(key)
    if (this.#last === edge) this.#last = undefined
  }

  /** Forgets all edges. */
  clear(): void {
    this.#edges.clear()
    this.#last = undefined
  }

  #evict(now: Instant): void {
    let oldest: UdpEdge | undefined
    let scanned = 0
    for (const edge of this.#edges.values()) {
      if (!oldest || edge.lastUsedAt < oldest.lastUsedAt) oldest = edge
      if (now - edge.lastUsedAt >= UDP_EDGE_IDLE_MS || ++scanned >= EVICTION_SCAN) break
    }
    if (oldest) this.forget(oldest)
  }
}

function keyOf(endpoint: Endpoint): string {
  return `${endpoint.host} ${endpoint.port}`
}

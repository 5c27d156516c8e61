/** Peers that worked lately: the way back into the ring when no bootstrap answers, also after a restart. */
import type { Clock, Instant } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { REMEMBERED_DIAL_GAP_MS, REMEMBERED_DIALS_MAX, REMEMBERED_PEERS_MAX } from '../limits.ts'

/** A peer and when it was last known to work, by the calendar. */
export interface RememberedPeer {
  readonly hint: PeerHint
  readonly seenAtMs: number
}

/** The memory of peers, oldest first. */
export class Remembered {
  readonly #clock: Clock
  readonly #table: ConnectionTable
  readonly #peers = new Map<string, RememberedPeer>()
  #nextAt: Instant = 0
  #turn = 0

  constructor(
    { clock, table }: { clock: Clock; table: ConnectionTable },
    peers: readonly RememberedPeer[],
  ) {
    this.#clock = clock
    this.#table = table
    for (const peer of [...peers].sort((a, b) => a.seenAtMs - b.seenAtMs)) this.#add(peer)
  }

  /** How many there are. */
  get size(): number {
    return this.#peers.size
  }

  /** Remembers a peer that works now. */
  note({ hint }: { readonly hint: PeerHint }): void {
    this.#add({ hint, seenAtMs: this.#clock.wallTimeMs() })
  }

  /** Returns them, newest first; connected ones work now. */
  list(): RememberedPeer[] {
    for (const { channel } of this.#table.all()) this.note(channel)
    return [...this.#peers.values()].reverse()
  }

  /** Returns the next few to dial, newest first and round and round, when that is due. */
  poll(now: Instant): PeerHint[] {
    if (now < this.#nextAt || this.#peers.size === 0) return []
    this.#nextAt = now + REMEMBERED_DIAL_GAP_MS
    const peers = [...this.#peers.values()].reverse()
    const count = Math.min(REMEMBERED_DIALS_MAX, peers.length)
    const first = this.#turn
    this.#turn = (first + count) % peers.length
    return Array.from({ length: count }, (_, i) => peers[(first + i) % peers.length]).flatMap(
      (peer) => (peer ? [peer.hint] : []),
    )
  }

  /** A peer without any endpoint could not be dialled. */
  #add(peer: RememberedPeer): void {
    const { address, endpoints } = peer.hint
    if (endpoints.length === 0) return
    this.#peers.delete(address.key)
    this.#peers.set(address.key, peer)
    if (this.#peers.size <= REMEMBERED_PEERS_MAX) return
    const oldest = this.#peers.keys().next()
    if (!oldest.done) this.#peers.delete(oldest.value)
  }
}

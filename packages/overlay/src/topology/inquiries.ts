/**
 * Asks the ring for peers that were lost lately and are named again, before they are dialled, and for those that do not answer:
 * most of them are gone.
 */
import type { Address } from '@ipop/address'
import type { Clock, Instant, Log } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { OverlayError } from '../errors.ts'
import { DEPARTED_TRY_MS } from '../limits.ts'
import { INQUIRIES_MAX, INQUIRY_PAUSE_MS, INQUIRY_TIMEOUT_MS } from './limits.ts'
import type { RequestReply } from '../messaging/request-reply.ts'
import type { Linker } from '../linking/linker.ts'
import type { KnownPeers } from './known-peers.ts'
import type { NearNeighbors } from './near-neighbors.ts'

/** What inquiries are made with. */
export interface InquiriesModules {
  readonly clock: Clock
  readonly log: Log
  readonly calls: RequestReply
  readonly known: KnownPeers
  readonly table: ConnectionTable
  readonly near: Pick<NearNeighbors, 'isMutual'>
  readonly linker: Pick<Linker, 'link' | 'disprove'>
}

/** The inquiries of one node: a few hundred bytes each, where a dial to nobody costs some thousand. */
export class Inquiries {
  readonly #modules: InquiriesModules
  /** When a peer may be asked for again. */
  readonly #nextAt = new Map<string, Instant>()

  constructor(modules: InquiriesModules) {
    this.#modules = modules
  }

  /**
   * Asks for a doubtful peer, unless it was asked for a moment ago; calls `onFound` where it answers. Who was asked for in vain
   * is dialled once, also by way of whoever names it: either end may have lost all others.
   */
  ask(hint: PeerHint, now: Instant, onFound: () => void): void {
    const { address } = hint
    if (!this.#mayAsk(address, now)) return
    const { known, linker } = this.#modules
    const via = known.introducerOf(address)
    if (known.hasFailed(address))
      linker.link(hint, 0, { forMs: DEPARTED_TRY_MS, overRing: 'late', via })
    this.#call(address).then(
      () => {
        known.vouch(address)
        onFound()
      },
      (error: unknown) => this.#failed(address, error),
    )
  }

  /**
   * Asks for a peer that is being dialled and keeps silent, unless it was asked for a moment ago. Where the ring says that it is not
   * there the dial ends; no word of the ring says nothing.
   */
  verify(address: Address, now: Instant): void {
    if (!this.#mayAsk(address, now)) return
    const { known, linker } = this.#modules
    this.#call(address).then(
      () => known.vouch(address),
      (error: unknown) => {
        if (!(error instanceof OverlayError) || error.code !== 'OVERLAY_UNREACHABLE') return
        linker.disprove(address)
        known.doubt(address)
        this.#failed(address, error)
      },
    )
  }

  #mayAsk({ key }: Address, now: Instant): boolean {
    for (const [other, at] of this.#nextAt) if (at <= now) this.#nextAt.delete(other)
    if (this.#nextAt.has(key) || this.#nextAt.size >= INQUIRIES_MAX) return false
    this.#nextAt.set(key, now + INQUIRY_PAUSE_MS)
    return true
  }

  /** A node whose neighbours do not know it is nearest to many places that it cannot know anything of. */
  #call(address: Address): Promise<unknown> {
    const acceptsRefusal = this.#modules.near.isMutual() || 'of others'
    const options = { timeoutMs: INQUIRY_TIMEOUT_MS, acceptsRefusal } as const
    return this.#modules.calls.call(address, 'ring.ping', null, options)
  }

  #failed(address: Address, error: unknown): void {
    const { known, clock, log, table } = this.#modules
    log.write('debug', 'peer is not found', { peer: address.toString(), error })
    known.failed(address, clock.now(), (introducer) => !table.get(introducer))
  }
}

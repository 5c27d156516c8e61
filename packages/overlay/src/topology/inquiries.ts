/** Asks the ring for peers that were lost lately and are named again, before they are dialled: most of them are gone. */
import type { Clock, Instant, Log } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { DEPARTED_TRY_MS } from '../limits.ts'
import { INQUIRIES_MAX, INQUIRY_PAUSE_MS, INQUIRY_TIMEOUT_MS } from './limits.ts'
import type { RequestReply } from '../messaging/request-reply.ts'
import type { Linker } from '../linking/linker.ts'
import type { KnownPeers } from './known-peers.ts'

/** What inquiries are made with. */
export interface InquiriesModules {
  readonly clock: Clock
  readonly log: Log
  readonly calls: RequestReply
  readonly known: KnownPeers
  readonly table: ConnectionTable
  readonly linker: Pick<Linker, 'link'>
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
   * is dialled once: it may have lost all others, too.
   */
  ask(hint: PeerHint, now: Instant, onFound: () => void): void {
    const { address } = hint
    for (const [key, at] of this.#nextAt) if (at <= now) this.#nextAt.delete(key)
    if (this.#nextAt.has(address.key) || this.#nextAt.size >= INQUIRIES_MAX) return
    this.#nextAt.set(address.key, now + INQUIRY_PAUSE_MS)
    const { calls, known, clock, log, table, linker } = this.#modules
    if (known.hasFailed(address)) linker.link(hint, 0, { forMs: DEPARTED_TRY_MS })
    const options = { timeoutMs: INQUIRY_TIMEOUT_MS, acceptsRefusal: true }
    calls.call(address, 'ring.ping', null, options).then(
      () => {
        known.vouch(address)
        onFound()
      },
      (error: unknown) => {
        log.write('debug', 'lost peer is not found', { peer: address.toString(), error })
        known.failed(address, clock.now(), (introducer) => !table.get(introducer))
      },
    )
  }
}

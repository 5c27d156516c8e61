/** Dials those who should be near and are not connected; and asks the ring for those who do not answer. */
import type { Instant } from '@ipop/runtime'
import type { PeerHint } from '@ipop/transport'
import { LINK_ASK_MS, LINK_TURN_MS } from '../limits.ts'
import type { Linker } from '../linking/linker.ts'
import type { Inquiries } from './inquiries.ts'
import type { KnownPeers } from './known-peers.ts'
import type { NearNeighbors } from './near-neighbors.ts'

/** What a look at the near peers brought. */
export interface NearDialsOutcome {
  /** Whether the near role was given to some or taken from some. */
  readonly isChanged: boolean
  /** When the next look is wanted, where that is before the usual one. */
  readonly nextAt: Instant | undefined
}

/** What dials are made with. */
export interface NearDialsModules {
  readonly near: NearNeighbors
  readonly known: KnownPeers
  readonly linker: Linker
  readonly inquiries: Inquiries
}

/** The dials of one node to those around it. */
export class NearDials {
  readonly #modules: NearDialsModules

  constructor(modules: NearDialsModules) {
    this.#modules = modules
  }

  /** Dials whom it is due; `onFound` is called when somebody turns out to be there. */
  run(isInRing: boolean, now: Instant, onFound: () => void): NearDialsOutcome {
    const { near, known, linker, inquiries } = this.#modules
    known.release(now)
    const { dial, changed } = near.evaluate(isInRing)
    linker.abandon(new Set(dial.map(({ address }) => address.key)), now)
    for (const hint of dial) {
      if (this.#isToBeAskedFor(hint, isInRing)) inquiries.ask(hint, now, onFound)
      else this.#dial(hint, isInRing, now)
    }
    const nextAt = linker.isWaiting ? now + LINK_TURN_MS : undefined
    return { isChanged: changed.length > 0, nextAt }
  }

  #isToBeAskedFor({ address }: PeerHint, isInRing: boolean): boolean {
    const { known } = this.#modules
    return known.isDoubtful(address) && (isInRing || known.hasFailed(address))
  }

  /** Who named a peer may have done so before its end: where it does not answer, the ring is asked meanwhile. */
  #dial(hint: PeerHint, isInRing: boolean, now: Instant): void {
    const { known, linker, inquiries } = this.#modules
    const { address } = hint
    linker.link(hint, 0, { isMutual: true, via: known.introducerOf(address) })
    if (isInRing && linker.isSlow(address, LINK_ASK_MS)) inquiries.verify(address, now)
  }
}

/** Whether the peer moved: sends its frames over a new path while the one of before fell silent. */
import type { Instant } from '@ipop/runtime'
import { rankOf, type Path } from './path.ts'

/** The new path over which the peer sends, and since when. */
export class PeerPath {
  #path: Path | undefined
  #since: Instant = Number.NEGATIVE_INFINITY

  /** Notes a frame that came over `path` instead of `active`; returns whether the silence of `active` counts from now. */
  note(path: Path, active: Path | undefined, now: Instant): boolean {
    const isNew = path.state !== 'confirmed' && this.#path !== path
    // A late datagram over the old path may come after the first one over the new path.
    const isAgain = this.#path === path && active !== undefined && active.lastHeardAt >= this.#since
    if (!isNew && !isAgain) return false
    path.isPeerActive = true
    this.#path = path
    this.#since = now
    return true
  }

  /** Returns the path to which the peer moved; undefined while `active` is heard or the new one is not confirmed. */
  movedTo(active: Path | undefined): Path | undefined {
    const path = this.#path
    if (!path || !active || path === active || !path.isPeerActive || !path.isUsable)
      return undefined
    if (rankOf(path.edge.kind) > rankOf(active.edge.kind)) return undefined
    return active.lastHeardAt < this.#since ? path : undefined
  }

  /** Forgets it. */
  clear(): void {
    this.#path = undefined
  }
}

/** Whether a node has its place in the ring: found once both neighbours agree, lost again with the last peer. */
import type { Instant } from '@ipop/runtime'
import type { ConnectionTable } from '../connections/connection-table.ts'
import { ALONE_AFTER_MS, ALONE_ON_LAN_AFTER_MS, LINK_RETRY_MS } from '../limits.ts'
import type { Linker } from '../linking/linker.ts'
import type { Leaves } from './leaves.ts'
import type { NearNeighbors } from './near-neighbors.ts'
import type { Remembered } from './remembered.ts'

/** What membership is judged by. */
export interface MembershipModules {
  readonly table: ConnectionTable
  readonly near: NearNeighbors
  readonly linker: Linker
  readonly leaves: Leaves
  readonly remembered: Remembered
}

/** The state of one node. */
export class Membership {
  readonly #modules: MembershipModules
  /** Since when the node looks for a ring. */
  #since: Instant = 0
  #isInRing = false

  constructor(modules: MembershipModules) {
    this.#modules = modules
  }

  /** Whether the node has found its place. */
  get isInRing(): boolean {
    return this.#isInRing
  }

  /** Whether both neighbours agree and nobody nearer is being linked. */
  get isComplete(): boolean {
    const { near, linker, table } = this.#modules
    if (table.size === 0) return this.#isInRing
    const isLinking = near.wanted.some((hint) => linker.isYoung(hint.address, LINK_RETRY_MS))
    return !isLinking && near.isMutual()
  }

  /**
   * Whether the node may answer for all positions. One that has just lost everybody may not: its ring is most likely
   * still there, and what the node granted or denied by itself would contradict it.
   */
  get mayAnswerAlone(): boolean {
    return this.#isInRing || this.#modules.table.size > 0
  }

  /** Begins to look for a ring. */
  start(now: Instant): void {
    this.#since = now
  }

  /** Takes note that a peer stopped answering: without any other the node looks for its ring as if it had just started. */
  peerLost(now: Instant): void {
    const { table, leaves } = this.#modules
    if (table.size > 0 || !this.#isInRing) return
    this.#isInRing = false
    this.#since = now
    leaves.lookAgain(now)
  }

  /** Returns whether the node has found its place just now. */
  update(now: Instant): boolean {
    if (this.#isInRing) return false
    const { table, leaves, remembered } = this.#modules
    const isNew = remembered.size === 0
    const patienceMs = isNew && leaves.asksOnlyNearby ? ALONE_ON_LAN_AFTER_MS : ALONE_AFTER_MS
    const mayBeFirst =
      (!leaves.hasBootstraps && isNew) || (!leaves.hasAnswers && now - this.#since >= patienceMs)
    if (table.size === 0 ? !mayBeFirst : !this.isComplete) return false
    this.#isInRing = true
    return true
  }
}

/** The byte that the owner of a channel's end tells the other one. */
import type { Instant } from '@ipop/runtime'
import { STATUS_DELAY_MS, STATUS_DELAY_SECOND_MS } from '../limits.ts'

/** This end's status, and when a change of it must be told. */
export class StatusByte {
  /** When the peer must be told. */
  dueAt: Instant = Number.POSITIVE_INFINITY
  #local = 0

  /** What this end tells. */
  get local(): number {
    return this.#local
  }

  /** Changes what this end tells. The end that is not the first may tell in its answer. */
  set(status: number, isFirst: boolean, now: Instant): void {
    if (status === this.#local) return
    this.#local = status & 0xff
    this.dueAt = now + (isFirst ? STATUS_DELAY_MS : STATUS_DELAY_SECOND_MS)
  }

  /** Takes note that it was told. */
  told(): void {
    this.dueAt = Number.POSITIVE_INFINITY
  }

  /** Returns whether it must be told now, and takes it as told. */
  takeDue(now: Instant): boolean {
    if (now < this.dueAt) return false
    this.dueAt = Number.POSITIVE_INFINITY
    return true
  }
}

/** The byte that the owners of a channel's ends tell each other. */
import type { Instant } from '@ipop/runtime'
import { STATUS_DELAY_MS, STATUS_DELAY_SECOND_MS } from '../limits.ts'

/** Both ends' status, and when a change of this end's must be told. */
export class StatusByte {
  /** When the peer must be told. */
  dueAt: Instant = Number.POSITIVE_INFINITY
  #local = 0
  #remote = 0

  /** What this end tells. */
  get local(): number {
    return this.#local
  }

  /** What the peer told. */
  get remote(): number {
    return this.#remote
  }

  /** Takes what the peer tells; returns whether that is news. */
  heard(status: number): boolean {
    const isNews = status !== this.#remote
    this.#remote = status
    return isNews
  }

  /** Changes what this end tells; returns whether that is news. The end that is not the first may tell in its answer. */
  set(status: number, isFirst: boolean, now: Instant): boolean {
    if (status === this.#local) return false
    this.#local = status & 0xff
    this.dueAt = now + (isFirst ? STATUS_DELAY_MS : STATUS_DELAY_SECOND_MS)
    return true
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

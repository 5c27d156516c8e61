/** The byte that the owner of a channel's end tells the other one. */
import type { Instant } from '@ipop/runtime'
import type { Probe } from '../wire/control-frames.ts'
import { STATUS_DELAY_MS, STATUS_DELAY_SECOND_MS, STATUS_LESS_DELAY_MS } from '../limits.ts'

/** This end's status, and when a change of it must be told. */
export class StatusByte {
  /** When the peer must be told. */
  dueAt: Instant = Number.POSITIVE_INFINITY
  #local: number
  #changedAt: Instant = Number.NEGATIVE_INFINITY

  /** Begins with what the first probe tells anyway. */
  constructor(local = 0) {
    this.#local = local
  }

  /** What this end tells. */
  get local(): number {
    return this.#local
  }

  /**
   * Changes what this end tells. The end that is not the first may tell in its answer. That bits are gone can wait for a probe that
   * is sent anyway: the peer only keeps the channel for longer.
   */
  set(status: number, isFirst: boolean, now: Instant): void {
    if (status === this.#local) return
    const isLess = (status & ~this.#local) === 0
    this.#local = status & 0xff
    this.#changedAt = now
    const delayMs = isFirst ? STATUS_DELAY_MS : STATUS_DELAY_SECOND_MS
    const dueAt = now + (isLess ? STATUS_LESS_DELAY_MS : delayMs)
    this.dueAt = isLess ? Math.min(this.dueAt, dueAt) : dueAt
  }

  /**
   * Takes note of a probe that came: the answer to a ping over the active path carries the status too, and arrives for certain, as
   * the peer asks until it does; a pong confirms what its ping told `rttMs` ago.
   */
  probed({ kind, isActive }: Probe, rttMs: number | undefined, now: Instant): void {
    if (kind === 'ping' ? !isActive : rttMs === undefined) return
    if (now - (rttMs ?? 0) >= this.#changedAt) this.dueAt = Number.POSITIVE_INFINITY
  }

  /** Returns whether it must be told now, and takes it as told. */
  takeDue(now: Instant): boolean {
    if (now < this.dueAt) return false
    this.dueAt = Number.POSITIVE_INFINITY
    return true
  }
}

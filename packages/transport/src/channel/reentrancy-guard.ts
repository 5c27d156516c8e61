/** Keeps datagrams that arrive while another one is being handled until that is done. */
import type { Edge } from '../edge/edge.ts'
import { REENTRANT_QUEUE_MAX } from '../limits.ts'

/** Handles datagrams one after the other; one that comes from within the handling of another waits, within a cap. */
export class ReentrancyGuard {
  readonly #handle: (datagram: Uint8Array, edge: Edge) => void
  #deferred: { datagram: Uint8Array; edge: Edge }[] = []
  #isBusy = false

  constructor(handle: (datagram: Uint8Array, edge: Edge) => void) {
    this.#handle = handle
  }

  /** Handles a borrowed datagram, now or, copied, after the present one; returns false when too many wait. */
  run(datagram: Uint8Array, edge: Edge): boolean {
    return this.runTask(() => this.#handle(datagram, edge)) || this.#defer(datagram, edge)
  }

  /** Does `task` unless something is being handled; returns whether it did. */
  runTask(task: () => void): boolean {
    if (this.#isBusy) return false
    this.#isBusy = true
    try {
      task()
      if (this.#deferred.length > 0) this.#handleDeferred()
    } finally {
      this.#isBusy = false
    }
    return true
  }

  #defer(datagram: Uint8Array, edge: Edge): boolean {
    if (this.#deferred.length >= REENTRANT_QUEUE_MAX) return false
    this.#deferred.push({ datagram: datagram.slice(), edge })
    return true
  }

  #handleDeferred(): void {
    while (this.#deferred.length > 0) {
      const batch = this.#deferred
      this.#deferred = []
      for (const { datagram, edge } of batch) this.#handle(datagram, edge)
    }
  }
}

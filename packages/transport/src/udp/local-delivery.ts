/** Datagrams from a socket to itself: delivered in the process, later, as the network would. */
import type { Clock, Endpoint, Timers } from '@ipop/runtime'
import { LOCAL_QUEUE_MAX, LOCAL_ROUNDS_MAX } from '../limits.ts'

interface LocalDatagram {
  readonly bytes: Uint8Array
  readonly from: Endpoint
}

/**
 * A bounded queue. It is emptied as soon as the present callback has ended, so that nodes which have much to do are
 * still answered before their timers take the silence for a loss; after a number of rounds the event loop has its turn.
 */
export class LocalDelivery {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #deliver: (bytes: Uint8Array, from: Endpoint) => void
  #queue: LocalDatagram[] = []
  #isDue = false
  #isTimed = false
  #rounds = 0

  constructor(
    { clock, timers }: { clock: Clock; timers: Timers },
    deliver: (bytes: Uint8Array, from: Endpoint) => void,
  ) {
    this.#clock = clock
    this.#timers = timers
    this.#deliver = deliver
  }

  /** Queues a copy of `datagram`; returns false when the queue is full. */
  send(datagram: Uint8Array, from: Endpoint): boolean {
    if (this.#queue.length >= LOCAL_QUEUE_MAX) return false
    this.#queue.push({ bytes: datagram.slice(), from })
    if (!this.#isDue) this.#flushSoon()
    return true
  }

  /** Drops what is queued. */
  clear(): void {
    this.#queue = []
  }

  #flushSoon(): void {
    if (!this.#isTimed) {
      this.#isTimed = true
      this.#timers.at(this.#clock.now(), 'deliver local datagrams', () => this.#takeTurn())
    }
    if (this.#rounds >= LOCAL_ROUNDS_MAX) return
    this.#isDue = true
    this.#rounds++
    void Promise.resolve().then(() => this.#flush())
  }

  #takeTurn(): void {
    this.#isTimed = false
    this.#rounds = 0
    this.#flush()
  }

  #flush(): void {
    const batch = this.#queue
    this.#queue = []
    this.#isDue = false
    for (const { bytes, from } of batch) this.#deliver(bytes, from)
  }
}

/** Datagrams from a socket to itself: delivered in the process, later, as the network would. */
import type { Clock, Endpoint, Timers } from '@ipop/runtime'
import { LOCAL_QUEUE_MAX } from '../limits.ts'

interface LocalDatagram {
  readonly bytes: Uint8Array
  readonly from: Endpoint
}

/** A bounded queue that one timer empties. */
export class LocalDelivery {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #deliver: (bytes: Uint8Array, from: Endpoint) => void
  #queue: LocalDatagram[] = []
  #isArmed = false

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
    if (!this.#isArmed) {
      this.#isArmed = true
      this.#timers.at(this.#clock.now(), 'deliver local datagrams', () => this.#flush())
    }
    return true
  }

  /** Drops what is queued. */
  clear(): void {
    this.#queue = []
  }

  #flush(): void {
    const batch = this.#queue
    this.#queue = []
    this.#isArmed = false
    for (const { bytes, from } of batch) this.#deliver(bytes, from)
  }
}

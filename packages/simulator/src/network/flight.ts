/** One datagram on its way. */
import type { Endpoint } from '@ipop/runtime'
import type { SimHost } from '../host/sim-host.ts'
import type { SimEvent } from '../world/event-queue.ts'
import type { Nat } from './nat.ts'

/** Between whom a datagram travels. */
export interface FlightEnds {
  readonly sender: SimHost
  readonly target: SimHost | Nat
  /** Its source as the target sees it. */
  readonly from: Endpoint
  readonly to: Endpoint
}

/** Takes in what has travelled. */
interface Arrivals {
  arrive(flight: Flight, now: number): void
}

/** The event of a datagram that arrives; an object of few fields, since a large world has tens of thousands of them. */
export class Flight implements SimEvent {
  at = 0
  sequence = 0
  index = -1
  readonly sender: SimHost
  readonly target: SimHost | Nat
  readonly from: Endpoint
  readonly to: Endpoint
  readonly ownedBytes: Uint8Array
  readonly #arrivals: Arrivals

  constructor(
    arrivals: Arrivals,
    { sender, target, from, to }: FlightEnds,
    ownedBytes: Uint8Array,
  ) {
    this.#arrivals = arrivals
    this.sender = sender
    this.target = target
    this.from = from
    this.to = to
    this.ownedBytes = ownedBytes
  }

  run(now: number): void {
    this.#arrivals.arrive(this, now)
  }
}

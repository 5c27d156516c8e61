/** An addressing realm: the public network, or the network behind one NAT. */
import type { Nat } from './nat.ts'
import type { SimHost } from '../host/sim-host.ts'

/** Maps addresses to what answers for them. */
export class Realm {
  /** The NAT that leads out of this realm; the public network has none. */
  readonly gateway: Nat | undefined
  /** What answers for an address here. */
  readonly members = new Map<string, SimHost | Nat>()

  constructor(gateway: Nat | undefined) {
    this.gateway = gateway
  }
}

/** What a forwarder counts. */

/** Counters of a forwarder. */
export interface ForwarderStats {
  sent: number
  forwarded: number
  /** Sent another way because a neighbour did not take them. */
  repaired: number
  delivered: number
  malformed: number
  hopLimitReached: number
  unreachable: number
}

/** Returns counters that counted nothing yet. */
export function newForwarderStats(): ForwarderStats {
  return {
    sent: 0,
    forwarded: 0,
    repaired: 0,
    delivered: 0,
    malformed: 0,
    hopLimitReached: 0,
    unreachable: 0,
  }
}

/** Counters of what the network carried and lost. */

/** Why a datagram did not arrive. */
export type DropReason =
  | 'lost'
  | 'no route'
  | 'partitioned'
  | 'blocked'
  | 'host down'
  | 'no socket'
  | 'too big'
  | 'buffer full'
  | 'refused by nat'

/** What one host sent and received. */
export interface HostStats {
  datagramsSent: number
  datagramsReceived: number
  bytesSent: number
  bytesReceived: number
  streamBytesSent: number
  streamBytesReceived: number
}

/** What the whole world sent, received and dropped. */
export class WorldStats {
  datagramsSent = 0
  datagramsDelivered = 0
  datagramsDropped = 0
  datagramsDuplicated = 0
  bytesSent = 0
  bytesDelivered = 0
  streamBytesDelivered = 0
  /** Drops by reason; a reason that never occurred is absent. */
  readonly dropsByReason: Partial<Record<DropReason, number>> = {}
  /** How often timers fired, by the reason they were armed with; shows what keeps a quiet ring busy. */
  readonly timersByReason: Record<string, number> = {}
  /** Counters by host name. */
  readonly hosts: Record<string, HostStats> = {}

  /** Counts a dropped datagram. */
  countDrop(reason: DropReason): void {
    this.datagramsDropped++
    this.dropsByReason[reason] = (this.dropsByReason[reason] ?? 0) + 1
  }

  /** Counts a timer that fired. */
  countTimer(reason: string): void {
    this.timersByReason[reason] = (this.timersByReason[reason] ?? 0) + 1
  }

  /** Returns the counters of a new host. */
  addHost(name: string): HostStats {
    const stats: HostStats = {
      datagramsSent: 0,
      datagramsReceived: 0,
      bytesSent: 0,
      bytesReceived: 0,
      streamBytesSent: 0,
      streamBytesReceived: 0,
    }
    this.hosts[name] = stats
    return stats
  }
}

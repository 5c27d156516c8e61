/** What the router counts, and why it drops packets. */

/** Why a packet was dropped. */
export type DropReason =
  /** Not an IP packet with sound lengths and checksum. */
  | 'malformed'
  /** IPv6 from or to a group, a link-local or no address: nobody beyond the link wants it. */
  | 'linkScope'
  /** This node has no virtual address yet. */
  | 'noOwnAddress'
  /** The host used a source address that this node does not hold. */
  | 'foreignSource'
  /** Source or destination that never crosses a link. */
  | 'martian'
  /** Destination outside the virtual network. */
  | 'outsideNetwork'
  /** Nothing listens at that port of the server address. */
  | 'noService'
  | 'multicastDisabled'
  | 'tooBig'
  /** Nobody holds the destination address. */
  | 'unresolved'
  /** The destination's node could not be reached in time. */
  | 'unreachable'
  /** Queues are full. */
  | 'queueFull'
  /** An incoming packet whose source belongs to another node. */
  | 'spoofed'
  /** An incoming packet whose source nobody holds, or that could not be verified in time. */
  | 'unverifiedSource'
  /** An incoming packet for an address that is not ours. */
  | 'notForUs'
  /** The device took fewer packets than it was given. */
  | 'deviceFull'

/** Everything the router counts. */
export interface RouterCounters {
  /** Packets handed to the carrier. */
  sent: number
  /** Packets written to the device. */
  delivered: number
  /** Packets answered by a local service, e.g. the name server. */
  served: number
  /** ICMP errors sent to the local host. */
  icmpErrors: number
  /** Mappings dropped because the node they named said that the address is not its own. */
  staleMappings: number
  /** Copies made of multicast packets. */
  multicastCopies: number
  /** Dropped packets by reason. */
  readonly dropped: Record<DropReason, number>
}

/** Returns counters at zero. */
export function zeroCounters(): RouterCounters {
  return {
    sent: 0,
    delivered: 0,
    served: 0,
    icmpErrors: 0,
    staleMappings: 0,
    multicastCopies: 0,
    dropped: {
      malformed: 0,
      linkScope: 0,
      noOwnAddress: 0,
      foreignSource: 0,
      martian: 0,
      outsideNetwork: 0,
      noService: 0,
      multicastDisabled: 0,
      tooBig: 0,
      unresolved: 0,
      unreachable: 0,
      queueFull: 0,
      spoofed: 0,
      unverifiedSource: 0,
      notForUs: 0,
      deviceFull: 0,
    },
  }
}

/** What relaying needs from the node it belongs to. */
import type { Address } from '@ipop/address'
import type { Instant, Random } from '@ipop/runtime'
import type { IndexAllocator } from '@ipop/security'
import type { Edge } from '../edge/edge.ts'
import type { ChannelState } from '../channel/types.ts'
import { encodeRelayFrame, type RelayFrame } from '../wire/relay-frame.ts'

/** A channel as far as relaying uses it. */
export interface RelayChannel {
  readonly address: Address
  readonly state: ChannelState
  readonly activeEdge: Edge | undefined
  /** Sends a frame; returns false when it was dropped. */
  send(frame: Uint8Array): boolean
  /** Returns whether something authentic came over `edge`. */
  hasProven(edge: Edge): boolean
}

/** The node that relays or is relayed. */
export interface RelayHost {
  readonly address: Address
  readonly random: Random
  /** Channel numbers are receiver indices: unique among the nodes of a port. */
  readonly indexes: IndexAllocator
  now(): Instant
  /** Asks for `handleTimeout` at `at`. */
  wake(at: Instant): unknown
  /** Returns the channel with a peer. */
  channel(peer: Address): RelayChannel | undefined
  /** Counts a drop. */
  drop(reason: string): void
}

/** Returns the edge that carries the frames of `channel`, if it is one that may be a leg of a relay. */
export function directEdgeOf(channel: RelayChannel | undefined): Edge | undefined {
  const edge = channel?.state === 'up' ? channel.activeEdge : undefined
  return edge?.isOpen && isDirect(edge) ? edge : undefined
}

/** Returns whether `edge` leads to its peer without a node in between: never a relay over a relay. */
export function isDirect(edge: Edge): boolean {
  return edge.kind === 'udp' || edge.kind === 'tcp'
}

/**
 * Sends what is in `frame` over the other leg, where it carries `channel`; returns false when it was dropped. A stream
 * cuts nothing, and a socket that cannot forbid fragments must not carry what asks whether there are any.
 */
export function sendOn(next: Edge, channel: number, { datagram, isWhole }: RelayFrame): boolean {
  const frame = encodeRelayFrame(channel, datagram, { isWhole })
  return isWhole && next.kind === 'udp' ? next.sendWhole?.(frame) === true : next.send(frame)
}

/** All that is needed to dial a peer: who it is, its session key, where it may be. */
import type { Address } from '@ipop/address'
import type { TransportAddress } from './transport-address.ts'

/** A peer and where it may be reached, best first. Endpoints are claims; only a handshake proves one. */
export interface PeerHint {
  readonly address: Address
  /** X25519 public key of 32 bytes that handshake initiations are made for. */
  readonly sessionKey: Uint8Array
  readonly endpoints: readonly TransportAddress[]
}

/** Returns `last` where it says the same as `next`, so that what was made of it serves again. */
export function steadyHint(last: PeerHint | undefined, next: PeerHint): PeerHint {
  const isSame = last?.sessionKey === next.sessionKey && areEqual(last.endpoints, next.endpoints)
  return isSame ? last : next
}

function areEqual(one: readonly TransportAddress[], other: readonly TransportAddress[]): boolean {
  return one.length === other.length && one.every((ta, at) => ta.equals(other[at] as typeof ta))
}

/** What a hello brought back. */
export interface HelloReply {
  /** The node that answered; its record was verified. The endpoint it answered from comes first. */
  readonly hint: PeerHint
  /** The status byte that it tells everybody. */
  readonly status: number
  /** Where the answering port saw us. */
  readonly observed: TransportAddress
}

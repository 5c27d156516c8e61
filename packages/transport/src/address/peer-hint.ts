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

/** What a hello brought back. */
export interface HelloReply {
  /** The node that answered; its record was verified. The endpoint it answered from comes first. */
  readonly hint: PeerHint
  /** Where the answering port saw us. */
  readonly observed: TransportAddress
}

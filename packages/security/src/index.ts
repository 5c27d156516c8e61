/** Identities, node records, the Noise handshake, sessions. */
export * from './data/ciphers.ts'
export type * from './data/transport-cipher.ts'
export { TransportKey } from './data/transport-key.ts'
export type { TransportKeyParts } from './data/transport-key.ts'
export * from './errors.ts'
export * from './group/group-certificate.ts'
export { IPOP_PROFILE, namespaceHash, WIREGUARD_PROFILE } from './handshake/profile.ts'
export type { HandshakeProfile } from './handshake/profile.ts'
export * from './identity/identity-address.ts'
export * from './identity/identity-secret.ts'
export * from './identity/identity.ts'
export * from './limits.ts'
export { verifySignature } from './primitives/ed25519.ts'
export { X25519PrivateKey, X25519PublicKey } from './primitives/x25519.ts'
export type { X25519KeyPair } from './primitives/x25519.ts'
export { RandomIndexAllocator } from './session/index-allocator.ts'
export type { RetryOptions } from './session/retry-schedule.ts'
export { SessionEndpoint } from './session/session-endpoint.ts'
export type {
  DropCounters,
  SessionEndpointModules,
  SessionEndpointOptions,
} from './session/endpoint-options.ts'
export { Session } from './session/session.ts'
export type * from './session/session-types.ts'
export {
  isCookieReply,
  isInitiation,
  isResponse,
  receiverIndex,
  TYPE_COOKIE_REPLY,
  TYPE_INITIATION,
  TYPE_RESPONSE,
} from './wire/handshake.ts'
export type { GroupCertificate } from './wire/group-certificate.ts'
export * from './wire/node-record.ts'
export { DATA_OVERHEAD_BYTES, isTransportData, TYPE_TRANSPORT_DATA } from './wire/transport-data.ts'

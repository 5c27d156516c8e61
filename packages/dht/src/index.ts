/** A replicated soft-state store on the ring: every value signed by its owner, eight replicas, majority five. */
export type { DumpedRecord } from './client/inspector.ts'
export {
  Registration,
  type RegistrationOptions,
  type RegistrationStore,
} from './client/registration.ts'
export type { DhtValue } from './client/value.ts'
export { Dht, type DhtOptions, type DhtStats } from './dht.ts'
export { winsOver, type Claim } from './entry/claim.ts'
export type { Entry, EntrySigner } from './entry/entry.ts'
export { DhtError, type DhtErrorCode, type DhtErrorData } from './errors.ts'
export {
  CLOCK_SKEW_MAX_MS,
  REPLICAS,
  TTL_SECONDS_MAX,
  VALUE_BYTES_MAX,
  WRITE_QUORUM,
} from './limits.ts'
export type { DhtModules } from './modules.ts'
export { hashKey, replicaPositions } from './placement/placement.ts'
export type {
  RingCaller,
  RingCallOptions,
  RingNeighborhood,
  RingReply,
  RingService,
} from './ring-service.ts'
export type { StoreLimits } from './store/replica-store.ts'
export type { CountReply } from './wire/inspect.ts'
